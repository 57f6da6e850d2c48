"""The one error of the store: whoever meets it stops selling (message JNL-01)."""

import sqlite3
from typing import Final, Literal


class StoreError(Exception):
    """The store cannot be read or written: disk full, read-only, corrupt, or of a newer program.

    Nothing of the failed transaction is in the file; everything before it is. The message says
    what happened to which file and what to do.
    """


_CAUSES: Final = {
    sqlite3.SQLITE_FULL: ("디스크 가득 참", "disk full"),
    sqlite3.SQLITE_READONLY: ("쓰기 금지됨", "read-only"),
    sqlite3.SQLITE_IOERR: ("디스크 오류", "disk error"),
    sqlite3.SQLITE_CANTOPEN: ("파일을 열 수 없음", "cannot open the file"),
    sqlite3.SQLITE_CORRUPT: ("파일 손상", "file damaged"),
    sqlite3.SQLITE_NOTADB: ("파일 손상", "file damaged"),
    sqlite3.SQLITE_BUSY: ("다른 프로그램이 쓰는 중", "in use by another"),
}
_PRIMARY: Final = 0xFF
"""Of an SQLite error code; what is above it is detail."""


def cause_of(error: StoreError, language: Literal["ko", "en"]) -> str:
    """Return in a word or two why the store failed; where no word is known, the error's own."""
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", -1) & _PRIMARY
    words = _CAUSES.get(code)
    return words[language == "en"] if words is not None else str(cause or error)
