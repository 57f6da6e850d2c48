"""What can go wrong with a store, by who must act."""


class StoreError(Exception):
    """The store cannot do its work now: disk, permission, lock. Nothing half-done remains."""


class ConstraintError(StoreError):
    """One piece of work breaks a rule of the schema; it alone is refused, the store is well."""


class SchemaError(StoreError):
    """The database is of another version than this program, or was changed by hand."""
