"""Ways to pay at the counter: one file each, named like the payment module that books it.

agreement  what a tender is: its name, its right, what it does with too much, and take()
registry   this folder and the entry-point group pos.tenders, by name
purse      e-cash, card to card (T5)
icash      a second scheme of it: a card pays into the shop's security module (T5)
points     what members have earned; the broker keeps it
card       a bank's card, by chip or by stripe (T3)
transfer   from account to account, ordered by the customer's passbook (T4)
terminal   a card at a stand-alone payment terminal (T3)
cash       coins and notes into the drawer, change out of it (T1)
"""
