"""The issuer of e-cash, beside the module that books payments: float, shadow ledger, claims, hotlist.

    float = value outside the issuer's own purses
          = sum of balances + lost and not yet paid back + in flight          (purse.md 2.3 M9)

What each purse should hold is summed up from the transfers that terminals report; a purse that spends
more than it was given, or two transfers under one of its numbers, is asked about (T5). A loss is paid
back once, with the frozen logs of both purses (T10). The schema itself refuses anything else.

records      the module's own tables: statements and look-ups
shadow       what each purse should hold, and what is suspect of it
evidence     what terminals report, entered into the shadow ledger
claims       frozen logs, checked; losses, paid back once
orders       commands for purses that are out, until their card has them
float_audit  proves the float
certify      a purse made of a key that its holder has made
desk         what the operator may have done
"""
