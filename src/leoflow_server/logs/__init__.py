"""Task logs: bytes that only grow, one log per launch, read by offset."""

from leoflow_server.logs.files import FileLogs
from leoflow_server.logs.store import LogGap, LogKey, LogStore

__all__ = ["FileLogs", "LogGap", "LogKey", "LogStore"]
