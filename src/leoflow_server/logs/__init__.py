"""Task logs: one append-only file per launch, read by offset, followed by signal."""

from leoflow_server.logs.files import LogGap, LogKey, LogStore

__all__ = ["LogGap", "LogKey", "LogStore"]
