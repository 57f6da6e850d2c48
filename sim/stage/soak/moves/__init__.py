"""What clerks do with customers, each with the moments at which it happens (`registry.Move`).

purse        pays by e-cash, all of a sale or a part
bank_cards   pays by a bank's card
terminal_card  pays at the stand-alone terminal
members      names whose points they are, and pays with points
corrections  puts baskets aside; takes payments out of sales, voids and changes closed ones, takes goods back
besides      cash in and out of the drawer, an X, a copy
"""
