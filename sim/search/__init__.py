"""The exhaustive search of the purse: every state that any terminal, however hostile, can bring about.

What is searched is the production class (protocols.purse.card), bytes in and bytes out. There is no
model of it here, only of the world around it: who may say what to whom, and what must never happen.

universe     purses, the ether of all messages ever sent, the issuer; what an adversary can do next
explore      breadth first over a universe; the shortest way to a broken property
properties   G1 to G6: the ghost ledger that every state is held against
between      G7: the invariants of the original flow (PRG-126 ch. 5)
induction    that the invariants are inductive, not merely true of what can be reached
refinement   G8: every edge is a step of the abstract world
faults       seeded faults, each of which the search must find
tearing      power gone after every byte of every commit
icash        the same for the second scheme (package)
commits      every commit that a search meets, for the tear sweep to cut
"""
