"""What keeps Lite from starting: each says in one sentence what is wrong.

LiteError
├── HomeUnusable        the state folder cannot be made or written
├── HomeTaken           another Lite runs on it
├── SecretsUnreadable   secrets.json is damaged
└── WorkspaceUnusable   the folder of projects is not a folder
"""

from __future__ import annotations

from pathlib import Path


class LiteError(Exception):
    """A reason to stop that a person can act on; `str()` is one sentence."""


class HomeUnusable(LiteError):
    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"The state folder {path} cannot be used: {reason}.")


class HomeTaken(LiteError):
    def __init__(self, path: Path, pid: int | None, port: int | None) -> None:
        self.path = path
        self.pid = pid
        self.port = port
        who = f"process {pid}" if pid else "another process"
        where = f" on port {port}" if port else ""
        super().__init__(f"Leoflow Lite already runs with the state folder {path}: {who}{where}.")


class SecretsUnreadable(LiteError):
    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"The secrets of this installation in {path} cannot be read ({reason}); "
            "restore the file, or remove it and enter all connections and variables again."
        )


class WorkspaceUnusable(LiteError):
    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"The workspace {path} cannot be used: {reason}.")
