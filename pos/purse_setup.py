"""Makes the till's own purse in a folder: `ips-pos purse make`, then `ips-pos purse install`.

    make       a key of its own, wrapped by the host's secret -> a request for the issuer
    (broker)   ips-broker purse certify REQUEST               -> the issuer's answer
    install    the answer -> a purse; once, for it brings its first value

Which folder: the file:// address that the configuration has for it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devices.bus.purse_folder import PurseFolderError, install_purse, request_purse
from devices.keys import open_host_secret
from pos.config import Config
from pos.wiring import Host, card_address, secret_of
from protocols.money import CURRENCIES, Money
from protocols.purse.personalising import PersonalisingError

FILE: Final = "file"


class PurseSetupError(Exception):
    """No purse was made. The message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurseFolder:
    """Where the till's own purse is to be."""

    folder: Path
    secret: bytes


def make(config: Config, host: Host, *, teller: bool = False) -> str:
    """Return the request for the issuer, hexadecimal; the same until the purse is there.

    Raises: PurseSetupError, KeysError, AddressError.
    """
    place = _place(config, host, teller=teller)
    try:
        asked = request_purse(place.folder, secret=place.secret, entropy=host.entropy)
    except PurseFolderError as error:
        raise PurseSetupError(_said(config, error)) from error
    return asked.hex()


def install(config: Config, host: Host, answer: str, *, teller: bool = False) -> dict[str, object]:
    """Make the purse of the issuer's answer; return what it is.

    Raises: PurseSetupError, KeysError, AddressError.
    """
    place = _place(config, host, teller=teller)
    try:
        terms = install_purse(place.folder, bytes.fromhex(answer.strip()), secret=place.secret)
    except PurseFolderError as error:
        raise PurseSetupError(_said(config, error)) from error
    except PersonalisingError as error:
        raise PurseSetupError(str(error)) from error
    except ValueError as error:
        raise PurseSetupError(
            "the answer is one line of hexadecimal, as ips-broker purse certify shows it"
            if config.language == "en"
            else "발급사의 답은 16진수 한 줄입니다 (ips-broker purse certify)"
        ) from error
    letters = {each.number: each.code for each in CURRENCIES.values()}
    holds = {
        letters[number]: Money(value, CURRENCIES[letters[number]]).format()
        for number, value in zip(terms.currencies, terms.balances, strict=True)
        if number
    }
    return {"name": terms.name.decode("ascii"), "folder": str(place.folder), "holds": holds}


def _place(config: Config, host: Host, *, teller: bool) -> PurseFolder:
    key = "teller_card" if teller else "shop_card"
    text: str = getattr(config.devices, key)
    address = card_address(config, host, text) if text else None
    if address is None or address.scheme != FILE:
        line = f'{key} = "file://{"teller" if teller else "purse"}"'
        raise PurseSetupError(
            f"the configuration names no such purse in a folder: write {line} under [devices]"
            if config.language == "en"
            else f"설정에 폴더 전자화폐가 없습니다. [devices]에 {line} 를 적으세요"
        )
    secret = open_host_secret(secret_of(host), host.entropy)
    return PurseFolder(folder=Path(address.place), secret=secret)


def _said(config: Config, error: PurseFolderError) -> str:
    return error.ko if config.language == "ko" else str(error)
