"""The broker: payment modules, approval, refunds, batches, inquiries, ledger, terminals.

batches      batches of journal records: opened in parallel, judged and stored by the writer
bookkeeping  between the rules and the store: books that read a group, bookings that become rows
books        what booking reads and what it answers
broker       everything wired: one folder, one writer, readers, keys, rules
commands     what can be said to a payment
committer    turns pieces of work into durable rows, one transaction a group
config       the wiring, one TOML file
documents    versioned documents: published, signed once, pulled
flows        the life cycle of a payment as data; flows/ holds the shipped ones
front/       the HTTP front
host         the one file that asks the operating system: time, randomness, the parent
keys         the broker's keys, wrapped by one host secret
ledger       the ledger's words: transfer, phase, bound
lock         one program at a time writes in a folder
modules/     payment modules
payments     the payment's record and its one decider
points       the named places where a test may kill the broker
postings     what a payment's steps and a sale's lines put into the ledger
sessions     sessions of terminals, and the gate that every online request passes
spi          what a payment module is to the broker, and the broker to a module
store/       what is durable, and the rules that the schema itself keeps
terminals    enrolment; suspend, resume, retire
writer       the one writer of a shard: a bounded queue in front of the committer
"""
