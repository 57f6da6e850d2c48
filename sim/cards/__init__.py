"""Virtual IC cards: what lies beside a virtual reader and is put into it.

card         what a card is to its reader: ATR, power, commands; being torn out
answers      ATRs, and how a T=0 card answers: 61xx, 6Cxx, GET RESPONSE
stripes      cards with a magnetic stripe, from a TOML file
slots        the memory of a card, in files or not, that power may leave at any byte
plastic      a chip of any scheme, its memory and its contacts
purse        the purse as a card: the production class in plastic
icash        the second scheme: a customer's card, and a shop's security module
emv          a payment card: an EMV chip, and what it may do wrong
passbook     an electronic passbook as a card
private      files that hold keys
file         cards on disk, of whatever scheme
purse_file   a purse on disk
icash_file   an ICash card, a security module, their issuer's keys on disk
emv_file     a payment card and its issuer's keys on disk
passbook_file  a passbook on disk
issue        makes a set of cards under issuers of ours
icash_issue  the second scheme's part of a set
emv_issue    the payment cards of a set
passbook_issue  the passbooks of a set
sets/        sets that come with the program
"""
