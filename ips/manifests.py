"""Reads manifests: the TOML beside a module, every mistake named with its place and nearest word."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import Final

import msgspec

from ips.flow_files import nearest
from ips.spi import SPI_VERSION, Limits, Manifest, Need
from protocols.money import CURRENCIES

MANIFEST_BYTES_MAX: Final = 64 * 1024
TIMEOUT_MS_MAX: Final = 30_000
"""Below every deadline at which the janitor asks: a call that still runs is never inquired about."""
_NAMES: Final = frozenset({"store", "terminal", "module"})
_ASSET_NAMES: Final = _NAMES | {"holder"}
_RECEIVED_NAMES: Final = _NAMES | {"device"}


class ManifestError(ValueError):
    """A manifest cannot be used; the message names file, place and what to write instead."""


def manifest_beside(module_file: str) -> Manifest:
    """Return the manifest of a module's own file: NAME.toml beside NAME.py. Raises: ManifestError."""
    return read_manifest(Path(module_file).with_suffix(".toml"))


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest. Raises: ManifestError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read: {error}") from error
    return parse_manifest(text, file=path.name)


def parse_manifest(text: str, *, file: str) -> Manifest:
    """Return the manifest that a text describes. Raises: ManifestError."""
    if len(text.encode()) > MANIFEST_BYTES_MAX:
        raise ManifestError(f"{file}: longer than {MANIFEST_BYTES_MAX} bytes")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{file}: not TOML: {error}") from error
    _known(table, Manifest, file, "")
    if isinstance(limits := table.get("limits"), dict):
        _known(limits, Limits, file, "limits.")
    needs = table.get("needs")
    for index, need in enumerate(needs if isinstance(needs, list) else []):
        if isinstance(need, dict):
            _known(need, Need, file, f"needs[{index}].")
    try:
        manifest = msgspec.convert(table, Manifest)
    except msgspec.ValidationError as error:
        raise ManifestError(f"{file}: {error}") from error
    _check(manifest, file)
    return manifest


def _known(table: Mapping[str, object], shape: type, file: str, place: str) -> None:
    names = [each.name for each in fields(shape)]
    for key in table:
        if key not in names:
            raise ManifestError(f"{file}: unknown key {place}{key}{nearest(key, names)}")


def _check(manifest: Manifest, file: str) -> None:
    if manifest.spi != SPI_VERSION:
        raise ManifestError(f"{file}: spi {manifest.spi}, this broker speaks {SPI_VERSION}")
    if not manifest.id.isidentifier() or not manifest.id.isascii():
        raise ManifestError(f"{file}: id {manifest.id!r} is not a plain ASCII name")
    _check_account(manifest.asset, "asset", _ASSET_NAMES, file)
    _check_account(manifest.received, "received", _RECEIVED_NAMES, file)
    if manifest.received and "{device}" not in manifest.received:
        raise ManifestError(f"{file}: received: names no {{device}}: value lies in each of them")
    if manifest.holder and manifest.holder not in [need.name for need in manifest.needs]:
        known = nearest(manifest.holder, [need.name for need in manifest.needs])
        raise ManifestError(f"{file}: holder: it needs no {manifest.holder!r}{known}")
    if bool(manifest.holder) is not ("{holder}" in manifest.asset):
        raise ManifestError(f"{file}: asset: names {{holder}} if and only if there is a holder")
    for code in manifest.currencies:
        if code not in CURRENCIES:
            raise ManifestError(f"{file}: currencies: unknown {code!r}{nearest(code, CURRENCIES)}")
    if not 0 <= manifest.limits.amount_min <= manifest.limits.amount_max:
        raise ManifestError(f"{file}: limits: amount_min is above amount_max, or below zero")
    if not 1 <= manifest.timeout_ms <= TIMEOUT_MS_MAX:
        raise ManifestError(f"{file}: timeout_ms is a whole number from 1 to {TIMEOUT_MS_MAX}")


def _check_account(account: str, key: str, known: frozenset[str], file: str) -> None:
    names = [name for _, name, _, _ in Formatter().parse(account) if name is not None]
    for name in names:
        if name not in known:
            raise ManifestError(f"{file}: {key}: no {{{name}}}{nearest(name, known)}")
