"""Soak: shops that trade for hundreds of hours while everything goes wrong, in virtual time, audited.

command    `ips-sim soak`: its arguments, its progress, what it says at the end
outcome    what came of it, and what an auditor objected to
telling    the same in words
shrink     the smallest soak that fails as one did
soak       the world and its actors, day after day; every step is a line of the log, and audited
watch      the auditors, told of each step only what is new
figures    what happened: sales, faults met in which state, recoveries, uploads
registry   who acts, and what clerks do: the kinds of actors and the moves there are
dice       what is drawn, each actor's from its own stream
given      the shop that is soaked: its tills, their equipment, its customers' cards
goods      what is sold
actors     who sells, and whatever goes wrong: each a small class
moves      what clerks do with customers, each at its moment
"""
