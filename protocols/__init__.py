"""Agreements, in both senses of the word: what bytes mean, and what parts expect of each other.

Everything here is pure: no input or output, no clock, no randomness, no thread, no global.
Time is an argument, and so is entropy.

money         amounts in minor units of an ISO 4217 currency; splitting and rounding that lose nothing
outcome       the five answers of anything that moves money
address       where a device is: scheme://place?option=value
ports         what parts expect of each other: clock, entropy, byte links, buses, fault points
card_number   the number of a payment card, masked; Luhn
card_rules    which payment applications a shop takes, and under whose keys
magnetic_stripe  what stands on a card's stripe: tracks, LRC, service code
swipe         how a serial stripe reader says it, both ends
stripe_rules  what may be paid by a swiped card: a chip first
barcode       EAN/UPC check digits, AIM identifiers, the forms of one number
scale_label   codes that a scale prints: a price or a weight inside an EAN-13
malformed     what a decoder may raise at a stranger's bytes
catalogue     an item, a catalogue version, and their wire form
facts         what happened at a terminal: the bodies of journal records
journal       the record: one byte string that is hashed, stored and uploaded alike; the chain
batch         many records in one signed envelope, and the broker's typed answers
enrolment     a terminal joins a broker by a one-time code; the certificate it gets
session       the MAC on an online request (a profile of RFC 9421)
broker        the other requests of a terminal to its broker: payments, refunds, inquiries
documents     versioned, signed policy documents that the broker pushes to terminals
members       who has points: a card's number, and what of a person is ever kept
points        what a sale earns and a return takes back
staff         who may work at a store's tills: number, badge, and what is kept of a PIN
cash_receipt_agent  Korean cash receipts between a broker and an agent of the tax office
receipt_link  the link of an e-receipt: who has it may read it
deeds         a record read as what somebody did and who allowed it
control       the control interface of virtual equipment: verbs, faults, state
escpos        ESC/POS printers: both directions of the wire
scanner       how a serial scanner frames a code, both ends
line_display  two-line customer displays (CD5220)
rfc2217       serial ports over TELNET (package: words, client, server)
hybrid_reader  the line of a motorised reader of stripe and chip: done once, answered as often as asked
hybrid_words  what that reader is told, and what it says
telnet        the stream under it: escaping, options, subnegotiations
tlv           BER-TLV data objects of cards
iso7816       command and response APDUs, status words
iso8583       messages between the broker and banks (package)
apdu_exchange  one command to one whole answer: 61xx, 6Cxx
vpcd          the wire between a reader's driver and a virtual card
trace         what passed on every wire, on one clock, without secrets (package)
pcapng        capture files for Wireshark, written
secure_pin    a PIN from the reader's keypad straight to the card
pin_block     a PIN as it goes to the bank (ISO 9564 formats 0 and 4)
dukpt         every PIN under a key of its own: AES and triple DES DUKPT (package)
des           DES as cards and old PIN pads use it, and the retail MAC
pin_pad       our dialogue with a PIN pad (package: link, words, both ends)
zvt           a register and a stand-alone payment terminal (package)
hpke          a short text sealed for a P-256 key (RFC 9180)
emv           EMV contact cards: terminal, card and issuer (package)
passbook      the electronic passbook: a card that orders transfers (package)
purse         e-cash: the purse itself, and the transfer between two (package)
icash         a second electronic money, one way, as proof that a scheme is a plug-in
serial_line   rate, data bits, parity, stop bits, flow control of a serial line
"""
