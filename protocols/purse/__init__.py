"""The electronic purse, after Mondex: value moves from card to card, offline and final.

    payer                          payee
      |  START PAYER                 |        the terminal tells both who, how much, for which order
      |------- 01 OFFER ------------>|        epr -> epv
      |<------ 02 REQ ---------------|
      |------- 03 VAL ------------->|         epr -> epa: the value has left; epv -> eaTo: it is there
      |<------ 04 ACK ---------------|        epa -> eaFrom: done

A message may be lost, repeated or late, a card torn out anywhere: each purse logs what may be in
flight, RESUME sends the last message again, and two cards that meet again heal each other's logs.

details      what is signed: payment details, messages, certificates
suite        ECDSA P-256, deterministic
image        what a purse remembers, as one value and as bytes
memory       atomic commits over two slots
rules        the predicates on which no value is lost or made, each alone
card         the purse itself: APDU in, APDU out
chip         what every command stands on: memory, keys, pockets, refusal
reading      what anybody may read
holder       the holder's PIN and lock
sealed_pin   a PIN that only this card can open, once
starting     how a transfer begins, and everything for which it is refused
moving       debit, credit, and the end of a transfer
issuer_commands  what only the issuer may do, on the card
coordinator  the terminal's side: a transfer, and its recovery from what both purses say
issuing      the issuer's side: cards, and the commands CLAIM, CLEAR and UPDATE
personalising  a purse whose key its holder has made: request and answer
attempt      how a transfer stands in a journal, and what its recovery needs
enquiry      what a purse tells anybody: its pocket, its last transfers
commanding   a command of the issuer, given by a terminal that carries it
proof        a VAL or ACK as evidence, checked offline
"""
