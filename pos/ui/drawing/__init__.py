"""Pictures of the till: pure functions from the till's view to rows of text, one part of the screen each.

status     the first row: lane, clerk, sale, link, lamps, clock
basket     the lines of the sale
money      what is due, tax, tendered and change
payment    a payment by card while it runs
side       the third column of the wide screen
entry      the entry line and the hint beside it
keys       the key strip
found      items that were found
members    whose sale it is, and whom to choose from
held       baskets that were put aside
returned   the earlier sale, of which goods come back
pages      what the right pane shows
devices    the device page
queue      the queue page
link       the QR code of an e-receipt, in the basket's place
takeover   the full screen of a level C message
doubt      the full screen of a payment in doubt
too_small  what is said when nothing fits
"""
