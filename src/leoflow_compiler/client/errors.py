"""What can go wrong between a command and a server.

ClientError
├── Unreachable         no answer
├── NotLoggedIn         401
├── WrongCredentials    401 to a login
├── Forbidden           403
├── NotFound            404
├── Conflict            409
├── Refused             any other 4xx: the server does not accept the request
├── BadAnswer           5xx, or an answer that cannot be understood
└── TimedOut            a run did not end in time
"""

from __future__ import annotations


class ClientError(Exception):
    """One sentence for people; `hint` says what to do where the sentence does not."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Unreachable(ClientError):
    def __init__(self, server: str, reason: str) -> None:
        super().__init__(
            f"the server {server} cannot be reached: {reason}",
            hint="name another one with --server or LEOFLOW_SERVER_URL",
        )
        self.server = server


class NotLoggedIn(ClientError):
    def __init__(self, server: str) -> None:
        super().__init__(
            f"{server} does not accept the token, or there is none",
            hint="log in with `leoflow auth login`",
        )
        self.server = server


class WrongCredentials(ClientError):
    pass


class Forbidden(ClientError):
    pass


class NotFound(ClientError):
    pass


class Conflict(ClientError):
    pass


class Refused(ClientError):
    pass


class BadAnswer(ClientError):
    pass


class TimedOut(ClientError):
    pass
