"""The record behind tasks that run in this process: see `leoflow_runtime.executors.native`."""

from leoflow_server.native.host import NativeLaunches
from leoflow_server.native.queries import NATIVE_HOST

__all__ = ["NATIVE_HOST", "NativeLaunches"]
