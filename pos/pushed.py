"""Documents that the broker pushes: pulled by name, verified, stored, in force from then on.

A document that does not verify or does not pass its gate is refused and the one before stays; it is
not asked for again until the broker has a still newer one. Each ends where its file import ends:
policy and staff in the table of documents, a catalogue also in the table of items.
Source: protocols.documents, decisions.md "Configuration".
"""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pos.broker_client import BrokerClient
from pos.catalogue import replace_catalogue
from pos.catalogue_gate import CatalogueError, check_catalogue
from pos.store.store import Store
from pos.store.threads import StoreRunner
from protocols.catalogue import Catalogue
from protocols.documents import (
    Document,
    DocumentError,
    catalogue_of,
    open_document,
    policy_of,
    staff_of,
)
from protocols.ports import Clock

NAMES: Final = ("policy", "staff", "catalogue")
"""What this program understands; a newer broker may offer more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A newer version is in the store."""

    name: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """The one before stays."""

    name: str
    version: int
    reason: str


class Puller:
    """Keeps the store's documents as new as the broker's."""

    def __init__(
        self, *, client: BrokerClient, store: StoreRunner, broker_key: bytes, clock: Clock
    ) -> None:
        """`broker_key` is the Ed25519 public key of the terminal's certificate."""
        self._client = client
        self._store = store
        self._key = Ed25519PublicKey.from_public_bytes(broker_key)
        self._clock = clock
        self._refused: dict[str, int] = {}

    @staticmethod
    def versions(store: Store) -> dict[str, str]:
        """Return the versions in the store, as a batch tells them."""
        kept = store.documents.versions()
        return {name: str(kept[name]) for name in NAMES if name in kept}

    async def pull(self, offered: dict[str, str]) -> list[Taken | NotTaken]:
        """Fetch what the broker says is newer; what does not come now comes next time.

        Raises: StoreError.
        """
        done: list[Taken | NotTaken] = []
        kept = await self._store.run(self.versions)
        for name in NAMES:
            version, ours = number(offered.get(name, "")), int(kept.get(name, "0"))
            if version > max(ours, self._refused.get(name, 0)):
                taken = await self._fetch(name, ours, version)
                done += [taken] if taken is not None else []
        return done

    async def _fetch(self, name: str, ours: int, version: int) -> Taken | NotTaken | None:
        data = await self._client.document(name, ours)
        if not isinstance(data, bytes):
            return None
        try:
            document, catalogue = self._opened(name, data)
        except (DocumentError, CatalogueError) as error:
            self._refused[name] = version
            return NotTaken(name=name, version=version, reason=str(error))
        if document.version <= ours:
            return None
        now_ns = self._clock.now_ns()
        await self._store.run(lambda store: _keep(store, document, data, catalogue, now_ns))
        return Taken(name=name, version=document.version)

    def _opened(self, name: str, data: bytes) -> tuple[Document, Catalogue | None]:
        """Verify a document. Raises: DocumentError, CatalogueError."""
        document = open_document(data, self._key)
        if document.name != name:
            raise DocumentError(f"the broker sent {document.name!r} for {name!r}")
        if name == "policy":
            policy_of(document)
            return document, None
        if name == "staff":
            staff_of(document)
            return document, None
        catalogue = catalogue_of(document)
        check_catalogue(catalogue)
        return document, catalogue


def _keep(
    store: Store, document: Document, data: bytes, catalogue: Catalogue | None, now_ns: int
) -> None:
    with store.database.transaction():
        if catalogue is not None:
            replace_catalogue(store.database, catalogue, now_ns=now_ns)
        store.put_document(document.name, document.version, data)


def number(text: str) -> int:
    """Return a version as the broker tells it; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
