"""What can go wrong with a registry.

RegistryError
├── Unreachable      no answer, or no safe connection
├── Unauthorized     401 or 403 with the credentials that there are
├── NotFound         404
├── DigestMismatch   other bytes than were asked for, or sent
├── TooLarge         more than may be read
├── BadAnswer        what no registry says
└── Refused          any other 4xx
    └── Unavailable  429 or 5xx, after retries where they help
"""

from __future__ import annotations


class RegistryError(Exception):
    """One sentence that names registry and repository; never holds a token. `hint` says what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Unreachable(RegistryError):
    pass


class Unauthorized(RegistryError):
    pass


class NotFound(RegistryError):
    pass


class DigestMismatch(RegistryError):
    pass


class TooLarge(RegistryError):
    pass


class BadAnswer(RegistryError):
    pass


class Refused(RegistryError):
    def __init__(self, message: str, *, status: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status  # HTTP


class Unavailable(Refused):
    pass
