"""Virtual banks: two banks and a card issuer behind them, and their hosts, which a broker dials.

    broker  == ISO 8583 over TCP or memory ==  twin  --  host  --  books, rules, PINs     one bank
                                                          |
                                               the other bank, the issuer: the same books

Two banks, hanbit and nuri, have deposit accounts, debit cards, shops' accounts and a host each; a card
issuer, doori, has credit cards and is reached through a bank.

books    accounts in double entry, cards, what was asked and answered; a SQLite file of its own
people   who has which account and card, from TOML
rules    whether a card may do this: pure
keys     the test key of a bank's line
pins     enciphered PINs, opened and compared
chips    cryptograms of chip cards and orders of passbooks, checked
cards    the verdict on one request: the card, its PIN, its money
host     one bank: each message in, its answer out
twin     the host behind a line: sign-on, codes, and answers late, lost, doubled, out of order
sets/    a set of people to begin with
"""
