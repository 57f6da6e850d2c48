"""Books value that came into a device of the shop's by a scheme that only its module knows.

    manifest's received <- manifest's asset       purse/icash/DEVICE <- clearing/icash/STORE

The sale takes it out of the asset's account again, so what stays there was never sold for. One movement
is booked once, by its scheme and its details, whoever reports it and how often; a later report may
bring the proof that an earlier one had not.
"""

from ips.entry import Entry
from ips.splits import segment
from protocols.facts import ValueTaken


def value_taken(entry: Entry, fact: ValueTaken) -> None:
    """Book what came in; what was booked before changes nothing."""
    about = fact.details.hex()
    known = entry.books.value_taken(fact.method, fact.details)
    if known is not None:
        if (known.device, known.amount) != (fact.device, fact.amount):
            entry.ask("value-differs", about=about, amount=fact.amount, detail=fact.method)
        elif fact.proof and not known.proof:
            entry.booking.taken.append(fact)
        return
    manifest = entry.books.manifest(fact.method)
    if manifest is None or not manifest.received or not fact.amount:
        entry.ask("value-module", about=about, amount=fact.amount, detail=fact.method[:40])
        return
    entry.booking.taken.append(fact)
    received = manifest.received_account(
        store=entry.occasion.store,
        terminal=segment(entry.occasion.terminal),
        device=segment(fact.device),
    )
    entry.move(received, entry.asset(fact.method), fact.amount, fact.method)
