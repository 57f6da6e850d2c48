"""The whole system on one loop: tills, equipment, cards, network, broker, from one seed.

Under a virtual clock it is a world for scenarios and soak; under the machine's clock the same parts
stand on real wires. Whoever stands above gives the clock, the entropy and the folder.

life       a program that may be killed at a named place, and nothing of it runs on
network    what is between a till and its broker, and what goes wrong there
banks      hosts of banks, for the broker to dial
acquirer   the bank that stand-alone payment terminals dial
asgi       one request to an application, without a server between
broker     the broker in this program, over its real store
agent      the agent of the tax office, and the line to it
purses     the purses of a world, made under its broker's issuer
bank_cards  chip cards and passbooks of the virtual banks, and a PIN pad that is loaded for them
members    a shop with points, and who has them
wires      what equipment is reached over: memory, pty, TCP, RFC 2217, PC/SC
ports      real ports: ptys, sockets, readers of a private pcscd
equipment  the twins beside a till
till       the real till, wired as in the program
given      what a world begins with
shop       all of it together, opened and closed
rest       how everything is put right again, and everybody comes back
audit      what the auditors are told, and where the money is
recorded   taps on all of it, for traces
loop       an event loop on the machine's clock that can be told to skip time
served     the broker as a process of its own, over HTTP
street     where worlds on real wires stand
virtual    a world in virtual time
screen     a till's picture as text
"""
