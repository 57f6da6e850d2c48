"""Pictures of the till: pure functions from the till's view to rows of text.

banner, basket, counted, devices, entry, found, form, help, keys, menu, money, queue, side, status,
takeover, too_small, training: one part of the screen each.
"""
