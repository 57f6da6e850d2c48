"""Banks, as the broker talks to them: ISO 8583 over a line that stays open (T3, T4).

    modules card, transfer  ->  desk  ->  line  ->  session  ->  bytes  ->  a bank's host
                                  |         |
                            exchanges, durable before the first byte and before the answer

An exchange that nobody answered is reversed, never sent again: the reversal is durable at once, goes before
the bank's next request, and is said again (0421) until the bank has accepted it. An answer that comes
after that is dropped. Source: devices.md 4.

session    one end of a bank's line: sign-on, echo, many questions at once; pure
line       the line kept open, the reversals and advices that wait, one at a time, oldest first
exchanges  what was asked of a bank and what became of it: durable
records    their table
desk       all banks: which one is asked, and how exchanges become outcomes
module     what modules card and transfer have in common
requests   orders to messages
wiring     a bank in the broker's configuration
codes      what a bank's code means to a clerk
tcp        dials a bank
"""
