"""Virtual equipment: twins of every device, a wire with faults, virtual time, the tester's bench.

A product of its own, not a test helper. It meets the drivers only through bytes; nothing imports it
but its own stage.

twin        what a virtual device is to its hosting and its bench
clock       virtual time: an event loop whose clock jumps instead of waiting
entropy     randomness from a seed, in streams by name
host        the one file that asks the operating system for time and randomness
memory      two ends of a byte link in memory, for virtual time
wire        the line between twin and driver: its rate, and what goes wrong on it
faults      what a tester may let go wrong on a wire, as values
recorder    everything that passes on a bench, on one clock, without secrets
trace_file  the same in a file
hosting/    twins served on pty, TCP, RFC 2217 and memory links
control     the control interface: HTTP on loopback, after protocols.control
control_client  the same calls from Python
bus         opens sim:// addresses
printer     a virtual receipt printer with a drawer on it
printer_mechanics  its moving parts: power, cover, paper sensors, cutter, drawer
printer_verbs  what a tester can do to it
printer_voice  what it says: on time, late, garbled or not at all
print_head  its head: commands to strips of paper, dot for dot
paper_roll  the paper that came out: text and picture
cash_receipt_agent  a virtual agent of the tax office, over HTTP
line_display  a virtual customer display
scanner     a virtual barcode scanner
stripe_reader  a virtual magnetic-stripe reader
hybrid_reader  a virtual motorised reader of stripe and chip
host_line   what becomes of messages to a host
replay      a recorded device that answers the same
pin_pad     a virtual PIN pad
pin_pad_keys  its keys for the bank: each used once, whatever happens
pin_pad_mouth  how it says things: on time, late, broken, twice
payment_terminal  a virtual stand-alone payment terminal
payment_terminal_bank  its line to a bank: asked once, undone where nobody answers
payment_terminal_cards  the cards beside it, and what it decides over them by itself
payment_terminal_commands  which commands it does, and how
payment_terminal_desk  which commands of its register it takes
payment_terminal_journal  what it remembers through a power cut
payment_terminal_line  what goes wrong on its line by its own doing
payment_terminal_paper  what it prints
payment_terminal_upon  what is done about an earlier payment: given back, booked, a tip
payment_terminal_verbs  what a tester can do to it
payment_terminal_voice  how it says things: to its register, on its display, on paper
payment_terminal_work  one command after the other: cards, PINs, the bank's word, results
bank/       virtual banks: their hosts, accounts and cards
smart_card  a virtual card reader's slot and keypad
antenna     its field, where cards are tapped
cards       virtual IC cards (package)
search/     exhaustive search of the purse, with seeded faults
stage/      the roof: the ips-sim command; may import everything
"""
