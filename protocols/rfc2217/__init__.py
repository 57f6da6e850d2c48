"""A serial port over TELNET: the COM-PORT-OPTION, both ends, without a socket.

words    what a subnegotiation says: commands, control values, modem and line state, line settings
client   the end that uses the port: agrees on the options, sets the line, then sends and receives
server   the end that has the port: answers with what is really set, reports modem and line state
"""
