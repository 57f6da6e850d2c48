"""What each device is told and what its answers mean: pure machines, without port, loop or clock.

line_display    two lines, and only the bytes that change them
scanner         codes from a serial scanner, repeats marked
keyboard_wedge  codes from a scanner that plays a keyboard, told from typing
hangul_keys     the Latin letters behind Hangul that a scanner typed
"""
