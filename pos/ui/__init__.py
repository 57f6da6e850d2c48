"""The counter's skin: keys in, pictures out; no rule of selling lives here.

terminal   a program on a terminal: its signals, and the terminal taken away
app        the counter as such a program
counter    the screen: keys, commands, drawing
intake     the way of a key to the desk, through the keyboard wedge
desk       what a key means here and now
answering  a staff number and a PIN, keyed where the till asks for somebody
grammar    the one entry grammar, with its messages
forms      questions asked step by step
menu       what is behind F1
picture    which drawing goes where
drawing    the drawings, pure functions
grid       rows of text with ink
rows       the widget that repaints changed rows
labels     the fixed words, ko and en
training   the panel for virtual equipment
source     what the screen expects of the till
opening    opens the counter on this terminal
"""
