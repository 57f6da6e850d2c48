"""Traces: what passed on every wire of a bench, on one clock, and no secret in it.

events     what stands in a trace, and its file: JSON, one line each
stand_ins  test values in the place of card numbers, tracks and PINs
text       the same in a stream of bytes that arrives in pieces
apdus      the same in what readers and cards say to each other
messages   the same in what terminals and hosts say to each other
bank_messages  the same in what brokers and banks say to each other
terminal_messages  the same in what registers and payment terminals say to each other
reader_messages  the same on a hybrid reader's line
words      traces in words: what each event says
serial_words  the same of printers, displays, scanners and TELNET
pad_words     the same of PIN pads; nothing of what is sealed
bank_words    the same of banks
terminal_words  the same of payment terminals
reader_words  the same of hybrid readers, and of the chips behind them
card_words    the same of cards
message_words  the same of hosts
dialogue   a recorded channel as questions and answers, to replay
diagram    a trace as a sequence diagram, text and SVG
capture    a trace as a capture file for Wireshark
message_packets  messages to a host as IP packets
naming     values of our codecs as phrases
"""
