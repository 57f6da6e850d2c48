"""Which payment modules there are: the folder ips/modules and the entry-point group `ips.modules`.

Listing imports nothing: name and version come from the manifest beside a module and from a
package's own metadata. Two with one name are a clear error and nothing is loaded, because nobody
may choose by chance who moves the money. A module's code is imported when it is asked for by name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from ips.flow_files import nearest
from ips.manifests import ManifestError, read_manifest
from ips.spi import Manifest, PaymentModule

GROUP: Final = "ips.modules"
FOLDER: Final = Path(__file__).parent / "modules"
PACKAGE: Final = "ips.modules"


class ModuleError(Exception):
    """A payment module cannot be used; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A module that could be loaded."""

    name: str
    version: str
    source: str
    """Where it comes from, for people: a file, or a distribution."""
    target: str
    """module:attribute, imported only by `load`."""
    manifest: Manifest | None
    """None when a stranger's package has no manifest beside its module: known after loading."""


def list_modules(
    folder: Path = FOLDER, *, points: Iterable[EntryPoint] | None = None
) -> dict[str, Listing]:
    """Return every module by name. Raises: ModuleError for two of one name or a bad manifest."""
    found: dict[str, Listing] = {}
    for listing in [*_in_folder(folder), *_by_entry_point(points)]:
        known = found.get(listing.name)
        if known is None:
            found[listing.name] = listing
        elif known.target != listing.target:
            raise ModuleError(
                f"two payment modules are called {listing.name!r}: {known.source} and "
                f"{listing.source}; uninstall one of them. No module was loaded."
            )
    return found


def load(name: str, listings: Mapping[str, Listing]) -> PaymentModule:
    """Import one module and return it. Raises: ModuleError."""
    listing = listings.get(name)
    if listing is None:
        raise ModuleError(f"there is no payment module {name!r}{nearest(name, listings)}")
    path, _, attribute = listing.target.partition(":")
    try:
        factory: Callable[[], PaymentModule] = getattr(import_module(path), attribute)
        module = factory()
    except (ImportError, AttributeError, TypeError, ManifestError) as error:
        raise ModuleError(
            f"payment module {name!r} of {listing.source} cannot be loaded: {error}"
        ) from error
    manifest = module.manifest
    if manifest.id != name:
        raise ModuleError(
            f"payment module {name!r} of {listing.source} calls itself {manifest.id!r}: "
            "the name in its manifest and its entry point must be one"
        )
    if listing.manifest is not None and manifest != listing.manifest:
        raise ModuleError(f"payment module {name!r} differs from the manifest beside it")
    return module


def _in_folder(folder: Path) -> list[Listing]:
    listings = []
    for path in sorted(folder.glob("*.toml")):
        manifest = _manifest(path)
        if manifest.id != path.stem:
            raise ModuleError(f"{path.name}: id is {manifest.id!r}; a module is called as its file")
        listings.append(
            Listing(
                name=manifest.id,
                version=manifest.version,
                source=str(path.with_suffix(".py").name),
                target=f"{PACKAGE}.{path.stem}:MODULE",
                manifest=manifest,
            )
        )
    return listings


def _by_entry_point(points: Iterable[EntryPoint] | None) -> list[Listing]:
    listings = []
    for point in entry_points(group=GROUP) if points is None else points:
        manifest = _packaged_manifest(point)
        distribution = point.dist
        named = "an unknown package" if distribution is None else distribution.name
        version = "" if distribution is None else distribution.version
        listings.append(
            Listing(
                name=point.name,
                version=version if manifest is None else manifest.version,
                source=named,
                target=f"{point.module}:{point.attr}",
                manifest=manifest,
            )
        )
    return listings


def _packaged_manifest(point: EntryPoint) -> Manifest | None:
    """Find the TOML beside a packaged module without importing its package."""
    if point.module.startswith(f"{PACKAGE}."):
        path = FOLDER / f"{point.module.removeprefix(f'{PACKAGE}.')}.toml"
        return _manifest(path) if path.exists() else None
    if point.dist is None:
        return None
    located = Path(str(point.dist.locate_file(f"{point.module.replace('.', '/')}.toml")))
    return _manifest(located) if located.exists() else None


def _manifest(path: Path) -> Manifest:
    try:
        return read_manifest(path)
    except ManifestError as error:
        raise ModuleError(str(error)) from error
