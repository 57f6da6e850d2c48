"""The broker: payment modules, approval, refunds, batches, inquiries, ledger, terminals.

The programs: what runs and who talks to it.
cli          the command `ips-broker`
console/     what its commands do
broker       everything wired: one folder, one writer, readers, keys, rules
front/       the HTTP front
office       deeds of the operator, as values that a command can send to a running broker
config       the wiring, one TOML file
host         the one file that asks the operating system: time, randomness, the parent
keys         the broker's keys, wrapped by one host secret
lock         one program at a time writes in a folder

What is durable: one writer, one commit for many.
store/       what is durable, and the rules that the schema itself keeps
committer    turns pieces of work into durable rows, one transaction a group
writer       the one writer of a shard: a bounded queue in front of the committer
points       the named places where a test may kill the broker
batches      batches of journal records: opened in parallel, judged and stored by the writer
terminals    enrolment; suspend, resume, retire
sessions     sessions of terminals, and the gate that every online request passes
documents    versioned documents: published, signed once, pulled
bookkeeping  between the rules and the store: books that read a group, bookings that become rows
received     value that terminals report as received, with its proof
desk_books   the desk's way to the writer; modules' own notes
shelf        the payment modules of this broker: found, activated, at work

The rules: pure, and the only ones who know what money means.
ledger       the ledger's words: transfer, phase, bound
books        what booking reads and what it answers
booking           what a record does to the books; its parts:
booking_attempts  intents and results of moving money
booking_purse     e-cash that moved between two purses, and the float
booking_value     value that came in by a scheme that its module knows
booking_voids     payments that were taken out of their sales
booking_points    points earned, and taken back
booking_refunds   money that went back
booking_sales     sales and voids
booking_shifts    float, cash moves, count and Z
entry        one record on its way into the books
splits       a sale's total split over groups and tax, nothing lost
postings     what a flow's step posts to the ledger
questions    what is asked about a record that was accepted
payments     the payment's record and its one decider
commands     what can be said to a payment
flows        the life cycle of a payment as data
flow_files   reads the files of flows/
flow_checks  refuses a flow in which money could get lost
flow_charts  a flow as a graph, for drawing
rules        the flows and manifests that are loaded
refunds      a refund's own life: asked for, decided, paid
refund_policy  who may refund what, read from refunds.toml
inquiries    settled, open, refunded, refund-requests: which payment counts how much in which
janitor      what is due to be asked again, and how

The money desk: intent, call, result.
desk         takes requests for money and finds what a crash left open
calls        calls a module so that whatever it does becomes one outcome
requests     between the wire and the rules: a request checked, a record as an answer
spi          what a payment module is to the broker, and the broker to a module
manifests    what a module says about itself, in TOML
registry     which payment modules there are
returns      which refund took what of which sale
e_receipts   which sale a customer's link opens
members      who has points, and what the office does about them
holds        baskets that tills put aside, for whoever goes on with them
bank/        lines to banks: exchanges that are durable before they are sent, and reversals
purse/       the issuer of e-cash: float, shadow ledger, claims, hotlist
cash_receipts/  Korean cash receipts, to an agent of the tax office and back
icash/       the collector of the second scheme: statements, collection, claims
modules/     payment modules: cash, points, two of e-cash, and chaos for trying out
conformance  what `ips-broker module check` tries
scrub        masks what must never be written down
"""
