"""Scenarios: given, when, then over the whole system, in TOML, with a seed.

lines      on which line of a TOML file each thing stands
words      times, errors with their line, the nearest known word
language   a scenario as it is read: rows, steps, faults, what the world begins with
given      the part of it that says how the world begins
steps      what people do, and what goes wrong: the step registry
faults     what goes wrong at its time, written down or drawn from a seed
devices    steps that are a device's own verbs
checks     what must be seen: on the screen, on paper, on cards, in journal and books
stage      what a step works on, and how it waits
player     plays one scenario in one world, and has it audited
outcome    what came of it: what each party saw, and where the money is
shrink     the shortest fault schedule that still fails
shelf      the scenarios that come with the program
cli        ips-sim run
"""
