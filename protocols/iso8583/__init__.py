"""ISO 8583:1987, the messages between a shop's broker and its banks: bytes to values and back.

    frame     length | message                                     framing
    message   MTI 4 | bitmap 64 | second bitmap 64 where a field above 64 is there | fields by number
    field     length x encoding x prefix x padding, as a table says it              field, specs

A specification is data: one table of the standard's own notation (`n ..19`), read in one of two ways.
ASCII writes everything as text, which Wireshark reads; BINARY packs digits two to a byte.

elements   numbers and names of the data elements, in the standard's notation
encoding   how characters stand in bytes: ASCII, packed digits, raw, hexadecimal
prefix     how a variable length is written before them
padding    how a short value fills a fixed length
field      one field: the four together, its alphabet, and how much of it may be shown
specs      the two variants, from the table of elements
message    messages as values, encoded and decoded
mti        message types: what answers what, what repeats what
original   field 90: which message a reversal is about
icc        field 55: the chip's data objects
pin        the enciphered PIN and its key's serial number, whatever their length
mac        ISO 9797-1 algorithm 3 and AES-CMAC over a message
response   field 39: what the bank answers
framing    messages out of a stream of bytes
describe   a message for people, masked
"""
