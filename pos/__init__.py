"""The counter and the courier's hand-terminal: one set of rules, two skins."""
