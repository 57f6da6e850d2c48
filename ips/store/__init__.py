"""The broker's store: what is durable, and the rules that the schema itself keeps.

sqlite/        numbered SQL files of the SQLite dialect, forward only
agreement      what a group and the writer expect of a store, whatever engine is below
audit          proves chains, seals, sums and signatures by making them again
balances       the sums of the accounts, kept by the writer; bounds checked in memory
changes        everything that one commit adds, as rows
connection     opens the SQLite file: one connection that writes (FULL), others that only read
copies         backup and restore: made beside a running writer, proved
errors         what can go wrong, by who must act
group          the work of many requests on its way into one commit
inquiries      the four inquiries of the paper over payments, as pages
migration      brings a database to the version of this program
reader         look-ups by key
rows           the rows, in the order of their columns
seal           one hash over everything that a commit added
sqlite_store   the store on SQLite
"""
