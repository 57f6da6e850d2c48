"""What the terminal thinks of it: restrictions, its own risk, and what it asks the card for. Pure.

    restrictions   version, first and last day, where the card may be used      9F08, 5F24, 5F25, 9F07
    risk           hotlist, floor limit, chance, how many payments since the issuer was asked
    action         TVR & denial codes      -> AAC           the card's codes and the terminal's, joined
                   TVR & online codes      -> ARQC          a card without codes: nothing is denied,
                   neither                 -> TC            everything else is asked about
                   asked and not reached: TVR & default codes -> AAC, else TC

Source: EMV 4.4 book 3, 10.4, 10.6 and 10.7.
"""

from typing import Final

from protocols.emv import tags
from protocols.emv.bits import Kind, Tvr, Usage
from protocols.emv.reading import ReadCard
from protocols.emv.terminal import (
    ATTENDED_ONLINE_ONLY,
    Application,
    Payment,
    Terminal,
)

_EVERYTHING: Final = Tvr(0xFF_FFFF_FFFF)


def restrictions(card: ReadCard, terminal: Terminal, application: Application, today: int) -> Tvr:
    """Return what the card's own data forbid; `today`: YYYYMMDD."""
    found = Tvr.NONE
    version = card.data.get(tags.CARD_VERSION)
    if version is not None and int.from_bytes(version) != application.version:
        found |= Tvr.OTHER_VERSION
    if today > card.expiry:
        found |= Tvr.EXPIRED
    if today < card.effective:
        found |= Tvr.NOT_YET_EFFECTIVE
    if not _usable(card, terminal):
        found |= Tvr.SERVICE_NOT_ALLOWED
    return found


def _usable(card: ReadCard, terminal: Terminal) -> bool:
    value = card.data.get(tags.USAGE_CONTROL)
    if value is None:
        return True
    usage = Usage(int.from_bytes(value))
    if Usage.OTHER_TERMINALS not in usage:
        return False
    country = card.data.get(tags.ISSUER_COUNTRY)
    if country is None:
        return True
    if country == bytes.fromhex(f"{terminal.country:04}"):
        return bool(usage & (Usage.DOMESTIC_GOODS | Usage.DOMESTIC_SERVICES))
    return bool(usage & (Usage.INTERNATIONAL_GOODS | Usage.INTERNATIONAL_SERVICES))


def risk(card: ReadCard, terminal: Terminal, application: Application, payment: Payment) -> Tvr:
    """Return what the terminal itself finds risky, velocity apart."""
    found = Tvr.ON_HOTLIST if card.pan in terminal.hotlist else Tvr.NONE
    if payment.forced_online:
        found |= Tvr.FORCED_ONLINE
    if payment.amount >= application.floor_limit:
        return found | Tvr.OVER_FLOOR
    if payment.draw < application.random_percent:
        found |= Tvr.CHOSEN_AT_RANDOM
    return found


def counts_payments(card: ReadCard) -> bool:
    """Say whether the card wants the terminal to count its payments since the issuer was asked."""
    return tags.OFFLINE_LIMIT_LOWER in card.data and tags.OFFLINE_LIMIT_UPPER in card.data


def velocity(card: ReadCard, counter: int | None, last_online: int | None) -> Tvr:
    """Return what the card's two counters say; None: it does not tell one."""
    lower = card.data[tags.OFFLINE_LIMIT_LOWER][0]
    upper = card.data[tags.OFFLINE_LIMIT_UPPER][0]
    found = Tvr.NEW_CARD if last_online == 0 else Tvr.NONE
    if counter is None or last_online is None or counter <= last_online:
        return found | Tvr.OVER_LOWER_LIMIT | Tvr.OVER_UPPER_LIMIT
    since = counter - last_online
    if since > lower:
        found |= Tvr.OVER_LOWER_LIMIT
    if since > upper:
        found |= Tvr.OVER_UPPER_LIMIT
    return found


def first_kind(found: Tvr, card: ReadCard, terminal: Terminal, application: Application) -> Kind:
    """Return what cryptogram is asked for first."""
    if found & (application.denial | _codes(card, tags.ACTION_DENIAL, Tvr.NONE)):
        return Kind.AAC
    if terminal.kind == ATTENDED_ONLINE_ONLY:
        return Kind.ARQC
    if found & (application.online | _codes(card, tags.ACTION_ONLINE, _EVERYTHING)):
        return Kind.ARQC
    return Kind.TC


def kind_without_issuer(
    found: Tvr, card: ReadCard, terminal: Terminal, application: Application
) -> Kind:
    """Return what is asked for when the issuer cannot be reached."""
    if terminal.kind == ATTENDED_ONLINE_ONLY:
        return Kind.AAC
    codes = application.default | _codes(card, tags.ACTION_DEFAULT, _EVERYTHING)
    return Kind.AAC if found & codes else Kind.TC


def _codes(card: ReadCard, tag: int, otherwise: Tvr) -> Tvr:
    value = card.data.get(tag)
    return otherwise if value is None else Tvr(int.from_bytes(value))
