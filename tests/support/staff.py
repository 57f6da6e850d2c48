"""Three people of a shop, their badges, and one PIN that two of them share."""

from pathlib import Path
from typing import Final

import msgspec

from pos.document_file import take_document
from pos.store.store import Store
from protocols.documents import Policy
from protocols.staff import Person, Staff, hash_pin

COST: Final = 12
"""The least that is taken: tests need no safe PINs."""
KIM: Final = Person(
    number=7,
    name="김영희",
    role="clerk",
    badge="STAFF0007",
    pin=hash_pin("4711", bytes(16), cost=COST),
)
PARK: Final = Person(
    number=3,
    name="박민수",
    role="supervisor",
    badge="STAFF0003",
    pin=hash_pin("8520", b"p" * 16, cost=COST),
)
LEE: Final = Person(
    number=1, name="이정은", role="manager", pin=hash_pin("4711", b"l" * 16, cost=COST)
)
GONE: Final = Person(
    number=9,
    name="최지우",
    role="supervisor",
    badge="STAFF0009",
    pin=hash_pin("8520", b"g" * 16, cost=COST),
    active=False,
)
STAFF: Final = Staff(people=[KIM, PARK, LEE, GONE])
PINS: Final = {7: "4711", 3: "8520", 1: "4711"}


def employ(store: Store, staff: Staff = STAFF) -> None:
    """Put a staff list in force, as a file import does."""
    take_document(store, "staff", staff, 1)


def put_policy(store: Store, policy: Policy) -> None:
    """Put a policy in force, as a file import does."""
    take_document(store, "policy", policy, 1)


def write_staff(file: Path, staff: Staff = STAFF) -> Path:
    """Write a staff list as JSON."""
    file.write_bytes(msgspec.json.encode(staff))
    return file
