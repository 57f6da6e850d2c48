"""Korean cash receipts: what tills ask for goes to an agent of the tax office, and what comes back is taken back.

records   what is on its way, as the database keeps it
keeper    what a journal's records ask for: a receipt, or a part of one cancelled
outcomes  what may become of a request that is not answered
agent     the agent's gateway over HTTP: whatever it does is one of three answers
sender    intent, call, result; an answer that was lost is asked for, never sent under another key
"""
