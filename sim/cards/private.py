"""Files that hold keys: readable by their user alone, and written once."""

import os
from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Write a file that holds a key. Raises: FileExistsError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
