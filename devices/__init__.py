"""The real equipment: everything that touches a port, a socket or a card reader.

health        how a device is, in the words of UnifiedPOS, and what to do, in Korean and English
supervisor    opens, watches and reopens one device; nothing is raised into the till
printer       the receipt printer and the drawer on it
line_display  the customer display
scanner       barcode scanners, on a serial line or playing a keyboard
stripe_reader  magnetic-stripe readers on a serial line
hybrid_reader  a motorised reader of stripe and chip, as a card slot
pin_pad       the PIN pad: a PIN sealed for the card, an amount confirmed
payment_terminal  a stand-alone payment terminal: payments, money back, its last result, its totals
smart_card    card readers: a slot each, and the cards in them
keys          keys on disk, each wrapped by the host's secret
drivers       the pure machines behind these
bus           one file per kind of address
"""
