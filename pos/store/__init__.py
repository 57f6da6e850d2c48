"""What the till keeps: one SQLite file in the till's folder, one writer, full sync.

errors        StoreError: the journal cannot be trusted now, selling stops
database      the connection: WAL and synchronous=FULL or nothing; transactions; numbered SQL, forward only
0001_journal  chain, record, attempt, sale number, basket, paper, question, document, setting
0002_catalogue  what the store sells now, and which versions it has sold from
0003_parked   attempts whose sale went another way
0004_held     baskets that were put aside
0005_papers   papers of any form
0006_refunds  money on its way back to payments
store         the store as its users see it
chains        which chain is written, what of it the broker has
journal       append many facts in one transaction, hash-chained and gap-free; what the broker has
basket        the open sale's events, durable scan by scan
sales         earlier sales, found again for goods that come back
held          baskets that were put aside, until somebody goes on with them
papers        receipts and reports that wait for the printer
refunds       what may have gone back of a payment, and nobody knows
documents     the newest version of each policy document
verify        walks every chain and names the first break
export        the journal as JSON lines or CSV
threads       Store in its one owned thread, or inline under virtual time
lock          one program in a till's folder at a time
"""
