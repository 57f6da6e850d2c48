"""The one error of the store: whoever meets it stops selling (message JNL-01)."""


class StoreError(Exception):
    """The store cannot be read or written: disk full, read-only, corrupt, or of a newer program.

    Nothing of the failed transaction is in the file; everything before it is. The message says
    what happened to which file and what to do.
    """
