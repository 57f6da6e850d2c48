"""The same search for the second scheme: its production classes, its own world and ledger.

world       cards, modules, the ether of all messages ever sent, host, collector and issuer
properties  G1 to G6: the ghost ledger that every state is held against
faults      seeded faults, each of which the search must find
commits     every commit that a search meets, for the tear sweep to cut
"""
