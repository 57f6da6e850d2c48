"""Virtual IC cards: what lies beside a virtual reader and is put into it.

card      what a card is to its reader: ATR, power, commands; being torn out
answers   ATRs, and how a T=0 card answers: 61xx, 6Cxx, GET RESPONSE
slots     the memory of a card, in files or not, that power may leave at any byte
purse     the purse as a card: the production class in plastic
file      a card on disk: personality and memory
issue     makes a set of cards under an issuer of ours
sets/     sets that come with the program
"""
