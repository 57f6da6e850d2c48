"""Twins served on real wires, so that a driver opens them like any device.

carrier   what a twin's bytes travel on, and who listens to it
hosted    one twin on one wire on one carrier: the pump, and the verbs every device has
pty       a pseudo-terminal with a stable name
tcp       a listening socket on loopback
rfc2217   the same, as a serial port with its line settings and signals
serial_cable  what lies behind its port server: modem lines, break, pulled or not
memory    no descriptor at all: for virtual time
pcscd     a card daemon of our own, with virtual readers
card_slot    a slot's twin on its carrier: inserting dials, removing hangs up
card_socket  cards in real readers' drivers: ours on a unix socket, vpcd on TCP
dialler      the line that a twin dials itself, as a payment terminal its bank
held         time held still on the wires: what is on its way waits
relay        the way to a host over a port of loopback: HTTP messages, faults or none
tapped       a carrier with a tap on it: tells a recorder what passed
tapped_host  the same for messages to a host
card_memory  a reader in memory: for virtual time
"""
