"""The scenarios that come with the program, found by name, by file or by folder."""

from pathlib import Path
from typing import Final

from sim.stage.scenario.words import nearest

SHIPPED: Final = Path(__file__).parents[1] / "scenarios"


def names() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def find(wanted: str) -> list[Path]:
    """Return the files of a name, a file, a folder, or of `all`. Raises: LookupError."""
    place = Path(wanted)
    if wanted == "all":
        place = SHIPPED
    if place.is_dir():
        files = sorted(place.glob("*.toml"))
        if not files:
            raise LookupError(f"{wanted}: there is no scenario (*.toml) in this folder")
        return files
    if place.is_file():
        return [place]
    if wanted in names():
        return [SHIPPED / f"{wanted}.toml"]
    raise LookupError(
        f"{wanted}: neither a file, nor a folder, nor a shipped scenario; {nearest(wanted, names())}"
    )
