"""The broker: payment modules, approval, refunds, batches, inquiries, ledger, terminals.

committer   turns pieces of work into durable rows, one transaction a group
host        the one file that asks the operating system: time, randomness, the parent
ledger      the ledger's words: transfer, phase, bound
points      the named places where a test may kill the broker
store/      what is durable, and the rules that the schema itself keeps
writer      the one writer of a shard: a bounded queue in front of the committer
"""
