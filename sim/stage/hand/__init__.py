"""`ips-sim bench`: equipment worked by hand on a terminal, with the live trace below it.

cli      the command
work     what is worked: a plan's devices on real ports, or a whole shop in this program
seen     everything the screen shows, taken at one moment
desk     what the keys mean: pure, keys in, intents out
faces    what can be seen on a device
picture  the whole screen as rows of text
labels   the fixed words, in both languages
deeds    what was done by hand, and how it is written as a scenario
app      the program on the terminal; the only file here that knows the screen library
"""
