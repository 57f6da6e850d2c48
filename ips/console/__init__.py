"""What the commands of `ips-broker` do; `ips.cli` alone prints.

answers   what a command gives back: a value for programs, lines for people, a status
asking    terminals, documents, inquiries, audits: read beside a running broker
doing     deeds of the office: handed to the running broker, or done under the lock
keeping   migrate, backup, restore, keys
members   who has points, and points given and taken by hand
parser    the arguments and their help
people    the staff list, and what a staff file keeps of a PIN
serving   serve
banks     banks: keys, what waits, totals
cash_receipts  what is on its way to the tax office's agent, and whether both have the same
icash     the collector of the second scheme: modules, statements, collection
purses    the issuer of e-cash: purses, claims, hotlist, float
trying    payment modules and flows: listed, and tried out before they are used
"""
