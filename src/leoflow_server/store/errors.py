"""What can go wrong with the database, each in one sentence.

StoreError
├── DatabaseCorrupt      the file is no database, or a damaged one
├── DatabaseReadOnly     it, or its folder, cannot be written
├── DatabaseFull         no space left
├── DatabaseBusy         another process holds it
├── DatabaseUnavailable  it cannot be opened or reached
├── SchemaNewer          a newer Leoflow has migrated it
├── SchemaMissing        it has never been migrated, or not far enough
└── StoreClosed          this store was closed
"""

from __future__ import annotations


class StoreError(Exception):
    """The record cannot be read or written; the message is one sentence for people."""


class _AboutDatabase(StoreError):
    sentence = "{database}: {reason}"

    def __init__(self, database: str, reason: str = "") -> None:
        self.database = database
        self.reason = reason
        super().__init__(self.sentence.format(database=database, reason=reason))


class DatabaseCorrupt(_AboutDatabase):
    sentence = (
        "The database {database} is damaged or is no database at all ({reason}); "
        "restore it from a backup or move it away."
    )


class DatabaseReadOnly(_AboutDatabase):
    sentence = (
        "The database {database} cannot be written ({reason}); "
        "check who may write there: the file and its folder, or whether the server is a standby."
    )


class DatabaseFull(_AboutDatabase):
    sentence = "The disk that holds the database {database} is full; nothing of this change was stored."


class DatabaseBusy(_AboutDatabase):
    sentence = (
        "The database {database} is locked by another process ({reason}); is a second server running on it?"
    )


class DatabaseUnavailable(_AboutDatabase):
    sentence = "The database {database} cannot be used: {reason}."


class SchemaNewer(StoreError):
    def __init__(self, database: str, found: int, known: int) -> None:
        self.found, self.known = found, known
        super().__init__(
            f"The database {database} has schema version {found}, this Leoflow knows {known}: "
            "use a newer Leoflow."
        )


class SchemaMissing(StoreError):
    def __init__(self, database: str, found: int, known: int) -> None:
        self.found, self.known = found, known
        super().__init__(
            f"The database {database} has schema version {found}, {known} is needed: "
            "run `leoflow server migrate`."
        )


class StoreClosed(StoreError):
    def __init__(self) -> None:
        super().__init__("The store is closed.")
