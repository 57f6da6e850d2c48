"""The roof: it may import every package, and nothing imports it.

cli        the command ips-sim
plan       what a bench shall serve, read from a TOML file
kinds      the kinds of device there are, and what each is built from
bench      the bench itself: opens everything a plan asks for, announces it, ends with its parent
presets/   plans that come with the program
"""
