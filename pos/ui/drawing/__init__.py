"""Pictures of the till: pure functions from the till's view to rows of text.

basket, devices, entry, found, keys, money, pages, queue, side, status, takeover, too_small: one part of
takeover, too_small, training: one part of the screen each.
"""
