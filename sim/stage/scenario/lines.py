"""On which line of a TOML file each thing stands; tomllib reads the values and forgets the places.

    lines = line_numbers(text)
    lines["when", 2]                 the third element of the array `when`
    lines["given", "printer"]        where that key stands

The text has been read by tomllib before, so it is TOML; nothing is checked a second time here.
Source: TOML 1.0.
"""

import re
from collections.abc import Callable
from typing import Final

Path = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}\n#]+")
_QUOTED: Final = {
    '"""': re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\\n])*"'),
    "'": re.compile(r"'[^'\n]*'"),
}


def line_numbers(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every key and every element of an array, by its path."""
    return _Reader(text).read()


class _Reader:
    """Walks over a TOML text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}

    def read(self) -> dict[Path, int]:
        table: Path = ()
        self._blank()
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
                number = sum(1 for path in self._lines if path[:-1] == table and _is_index(path))
                table = (*table, number)
                self._note(table)
            elif self._text[self._at] == "[":
                table = self._header(1)
                self._note(table)
            else:
                self._pair(table)
            self._blank()
        return self._lines

    def _header(self, brackets: int) -> Path:
        self._at += brackets
        self._blank()
        path = self._key()
        self._at += brackets
        # [[a]] then [a.b] means the last a.
        known: Path = ()
        for part in path:
            known = (*known, part)
            if brackets == 1 or known != path:
                last = [p[-1] for p in self._lines if p[:-1] == known and _is_index(p)]
                known = (*known, last[-1]) if last else known
        return known

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self._lines.setdefault(path, line)
        self._at += 1  # The equals sign; _key has gone past the blanks before it.
        self._blank()
        self._value(path)

    def _key(self) -> Path:
        """Read a dotted key and the blanks behind it."""
        parts: list[str] = []
        while True:
            quoted = self._string()
            bare = None if quoted is not None else _BARE.match(self._text, self._at)
            if bare is not None:
                self._at = bare.end()
            parts.append(quoted[1:-1] if quoted is not None else bare[0] if bare else "")
            self._blank()
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1
            self._blank()

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case "[":
                self._many("]", path, self._element)
            case "{":
                self._many("}", path, lambda _, inner: self._pair(inner))
            case _:
                if self._string() is None:
                    scalar = _SCALAR.match(self._text, self._at)
                    self._at = scalar.end() if scalar else self._at + 1

    def _element(self, number: int, path: Path) -> None:
        self._note((*path, number))
        self._value((*path, number))

    def _many(self, end: str, path: Path, one: Callable[[int, Path], None]) -> None:
        self._at += 1
        number = 0
        self._blank()
        while self._text[self._at] != end:
            one(number, path)
            number += 1
            self._blank()
            if self._text[self._at] == ",":
                self._at += 1
            self._blank()
        self._at += 1

    def _string(self) -> str | None:
        for quote, pattern in _QUOTED.items():
            if self._text.startswith(quote, self._at):
                found = pattern.match(self._text, self._at)
                assert found is not None, "tomllib has read it"
                self._at = found.end()
                return found[0]
        return None

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found is not None, "no blank is one too"
        self._at = found.end()

    def _note(self, path: Path) -> None:
        self._lines.setdefault(path, self._line())

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1


def _is_index(path: Path) -> bool:
    return bool(path) and isinstance(path[-1], int)
