"""The collector and issuer of ICash, beside the module that books payments: statements, collection, claims.

    total of a module = collected + to be collected                  (its own word, ST)
                      = sum of the purchases that terminals report   (ips/received), once all have reported

A shop is paid for a purchase once, only against the card's proof (SI) and never above what its module
has stated; a holder is paid back once, only what his card proves and no module was credited with.
The schema itself refuses anything else (ips/store/sqlite/0005.sql).

records     the module's own tables: statements and look-ups
collection  what a statement shows, who is paid for what, what is cleared
audit       proves the collection
desk        what the operator may have done
"""
