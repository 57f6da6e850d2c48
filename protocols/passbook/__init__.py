"""The electronic passbook: a bank's card that orders a transfer from its holder's account (the paper's T4).

    card                      terminal                             bank
      |<-- who are you -----------|                                  |
      |--- certificate ---------->|   its bank's, if that is known   |
      |                           |   Intend                         |
      |<-- order: amount, payee, -|                                  |
      |    reference, day         |                                  |
      |--- order, counter, ------>|--- order, signature, PIN ------->|  signature, counter, PIN, account
      |    signature              |<-- paid, or why not -------------|

Online only: an order is a wish until the bank has answered, and no money is anywhere but in its books. A signed
order names one payee, one amount and one reference, and its counter goes up with each: whoever sends it
twice gets the same answer, whoever changes it gets none. The PIN goes to the bank under a key of the
PIN pad's, or to the card from the reader's own keypad; the order says which, and is signed.

order      certificates and orders, and the check that a bank makes
card       the applet
rule       what a shop's terminals are told for it
terminal   the terminal's side as a generator of steps
"""
