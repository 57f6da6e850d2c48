"""What a paper says: one file per form, each a function from a fact and a context to a document.

context   whose paper it is, who, where, when, in which language
wording   the words of all forms, Korean and English side by side
parts     the head of the paper, its marks, rows
goods     the goods of a sale or a refund, and the tax in it
sale      the receipt of a sale
gift      the same without a price
e_receipt  the same as a customer reads it later, with what came back of it
payment   one payment on any of them, with the bank's slip
slip      payments apart from the receipt: the customer's slip, the shop's copy, a refusal
refund    the receipt of a refund
payment_change  the slip of a payment that was replaced after its sale was closed
payment_void  the slip of a payment that was taken out of its sale
purse     slips of a load and a deposit, and a card's statement
purse_wording  the words of those
shift     X and Z reports
cash      slips of the drawer: paid in, paid out, to the safe, opened without a sale
test_page  what shows that a printer is well
situation  a payment in doubt, as the customer takes it home
"""
