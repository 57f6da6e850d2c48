"""The one entry grammar (pos.entry) as the desk uses it: a command, or the message that says why not."""

from pos.commands import Command
from pos.entry import EntryError, parse_entry
from pos.messages import notice
from pos.view import Notice, TillView


def read_entry(text: str, view: TillView) -> Command | Notice:
    """Return what an entry asks for, or a message in the till's language."""
    try:
        return parse_entry(text, view.currency, view.tenders)
    except EntryError as error:
        return notice(error.code, view.language, **error.blanks)
