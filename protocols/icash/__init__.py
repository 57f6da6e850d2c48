"""ICash: a second electronic money, one way, from a card into a shop's security module.

The scheme is ours. It follows the ways of EN 1546 (an intersector electronic purse, IEP, pays a
purchase security module, PSAM) where they are public, and is compatible with no issued card. It stands
beside protocols.purse to show that a scheme is a plug-in: nothing here is known to the till but the
terminal's dialogue.

    terminal                 card (IEP)                    security module (PSAM)
      |---- QUERY ------------------------------------------------->|   its number, its next transaction
      |---- INITIALIZE IEP ----->|  amount, module, its number       |
      |<--- S1 ------------------|  "I am this card"                 |   nothing kept
      |---- INITIALIZE PSAM, S1 ------------------------------------>|   the purchase is pending
      |<--- S2 ------------------------------------------------------|   "I ask for this"
      |---- DEBIT IEP, S2 ------>|  the value leaves                 |
      |<--- S3 ------------------|  "I have paid this"               |
      |---- CREDIT PSAM, S3 ---------------------------------------->|   the value is there

Transaction details, 39 bytes, big-endian: what every signature is over.

    TD = card 8 | key version 1 | module 8 | amount u32 | currency u16 | card's number u32
         | module's number u32 | reference 8

Signatures are AES-128-CMAC (NIST SP 800-38B, RFC 4493), the leftmost 8 of 16 bytes:

    S1 = MAC(KP, "IC1" | TD | balance u32 | expiry u32)   card to module, at INITIALIZE
    S2 = MAC(KP, "IC2" | TD)                              module to card: the right to debit
    S3 = MAC(KP, "IC3" | TD)                              card to module: the debit
    SI = MAC(KI, "ICI" | TD)                              card to issuer: the same debit, for claims
    L1, L2, L3 = MAC(KL, "ICa" | ..., "ICb" | ..., "ICc" | ...)    a load; the host stands for the module
    SC = MAC(KC, "ICC" | TD)                              collector to module: forget this purchase
    ST = MAC(KC, "ICT" | nonce | statement)               module to collector: its total and open purchases

Keys. Three masters at the issuer; a card holds only its own, a module derives what it meets:

    KP master --- in every module ---> KP = CMAC(master, "ICKP" | card 8 | version 1)    purchase
    KL master --- at the load host --> KL = CMAC(master, "ICKL" | card 8 | version 1)    load
    KI master --- at the issuer -----> KI = CMAC(master, "ICKI" | card 8 | version 1)    claims
    KC master --- at the collector --> KC = CMAC(master, "ICKC" | module 8 | version 1)  collection

A stolen module can therefore imitate cards towards modules, but neither load a card nor claim from the
issuer: the collector pays totals only against the SI that terminals hand in, which no module can make.

States. A card has none between commands that power does not take away: INITIALIZE is volatile, DEBIT is
one commit of balance, number and record. A module is IDLE or PENDING; what was pending and given up is
kept open until its S3 comes late or the collector clears it. There is no RESUME: GET PREVIOUS SIGNATURE
on either side says again what was said, and every number is used once:

    card      module             next
    paid      pending            GET PREVIOUS IEP SIGNATURE: S3, CREDIT PSAM
    paid      given up           the same, CREDIT PSAM 01
    not yet   pending, given up  INITIALIZE IEP again, GET PREVIOUS PSAM SIGNATURE: S2, DEBIT IEP ...
    moved on  pending, given up  not paid, and never will be: its number is used
    any       credited           done
    any       its number unused  never asked for, never paid; or used for another purchase: the same

Limits: a card remembers its last debits only (sixteen), so a loss is claimable as long as both sides
have it; a module asks for nothing more when its open purchases are full. Money moves one way: a refund
is a load.

details      transaction details, and the texts that are signed
keys         the key tree and the MAC
image        what a card and a module remember
rules        the predicates on which no value is lost or made, each alone
card         the card: APDU in, APDU out
module       the security module: APDU in, APDU out
host         the issuer's side: loads, claims, collection
coordinator  the terminal's side: a purchase, and its recovery from what both say
witness      what card and module last said of a purchase, overheard
attempt      how a purchase stands in a terminal's journal
"""
