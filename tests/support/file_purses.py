"""Purses in folders for tests: requested by the holder, answered by an issuer, installed."""

from dataclasses import dataclass, field
from pathlib import Path

from devices.bus.purse_folder import install_purse, request_purse
from protocols.purse.details import PurseClass
from protocols.purse.image import Parameters
from protocols.purse.issuing import Issuer, Profile
from protocols.purse.personalising import open_request, sign_terms, terms_for
from sim.entropy import SeededEntropy
from tests.support.purses import ISSUER, KRW, SUITE, TODAY

HOST_SECRET = bytes(range(32))


@dataclass(frozen=True, kw_only=True)
class PurseMaker:
    """An issuer's answer to requests."""

    name: bytes = b"SHOP0001"
    purse_class: PurseClass = PurseClass.MERCHANT
    first: int = 0
    issuer: int = ISSUER
    parameters: Parameters = field(default_factory=Parameters)
    narrative_slots: int = 100
    log_slots: int = 40

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request."""
        profile = Profile(
            name=self.name,
            purse_class=self.purse_class,
            expiry=20301231,
            currencies=(KRW, 0, 0, 0, 0),
            ceilings=(0xFFFF_FFFF, 0, 0, 0, 0),
            balances=(self.first, 0, 0, 0, 0),
            parameters=self.parameters,
            log_slots=self.log_slots,
            narrative_slots=self.narrative_slots,
        )
        issuer = Issuer(secret=self.issuer, suite=SUITE)
        terms = terms_for(issuer, profile, open_request(request, SUITE), TODAY)
        return sign_terms(issuer, terms)


def shop_purse(folder: Path, *, name: bytes = b"SHOP0001", maker: PurseMaker | None = None) -> Path:
    """Make a shop's purse in a folder and return the folder."""
    asked = request_purse(folder, secret=HOST_SECRET, entropy=SeededEntropy(name.decode()))
    install_purse(folder, (maker or PurseMaker(name=name)).answer(asked), secret=HOST_SECRET)
    return folder
