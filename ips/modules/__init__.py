"""Payment modules: one Python file each and its manifest beside it, NAME.py and NAME.toml.

cash    cash over the counter or at the door
exchange  goods that came back pay for others in the same ticket
card    debit and credit cards, with the bank's approval
terminal  cards at a stand-alone payment terminal: facts from terminals
transfer  from the customer's account to the shop's, by card and PIN
points  what members have earned; its accounts are in our own ledger
purse   e-cash: facts from terminals; the issuer's side is in ips/purse/
icash   the second scheme: facts from terminals; the collector's side is in ips/icash/
chaos   any outcome on demand, for tests and for trying out a flow; moves no money
"""
