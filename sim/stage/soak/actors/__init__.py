"""The actors of a soak, each with the kind that `registry` knows it by.

clerk      sells at one till from morning to evening: baskets, payments, troubles at the counter, the count
hands      what every step of a clerk is made of; switches the till on again
customer   pays by e-cash, and tears the card, or leaves, or comes back
equipment  printer, display and scanner fail, and somebody puts them right
network    the way to the broker fails, one till's or everybody's
broker     the broker is killed in the middle of something, or away, and comes back
bank       the bank answers late, twice, never, or not in order; is away, or switched off and on
payment_terminal  a till's payment terminal, or the bank that it dials: cable, power, results, answers
killer     tills die at named places, or at any moment
"""
