"""What each device is told and what its answers mean: pure machines, without port, loop or clock.

printer         status, one paper at a time and the drawer, together
printer_watch   what a printer says of itself, asked and unasked
printer_health  what is the matter with printer and drawer, in both languages
print_job       one paper on its way, and the proof that it came out
drawer          pulses and the contact of the drawer
line_display    two lines, and only the bytes that change them
scanner         codes from a serial scanner, repeats marked
keyboard_wedge  codes from a scanner that plays a keyboard, told from typing
stripe_reader   swipes from a stripe reader, judged
hybrid_reader   a hybrid reader: reset, watched, one thing at a time
pin_pad         one job at a PIN pad, its health and its idle text
payment_terminal  one job at a terminal: registered first, never told twice to move money
card_reader     what a card reader's codes mean, and what to tell the clerk
hangul_keys     the Latin letters behind Hangul that a scanner typed
"""
