"""What a running control plane consists of: handed to the API, the agents' service and Lite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leoflow_runtime.engine import Engine
    from leoflow_server.access import Access
    from leoflow_server.logs import LogStore
    from leoflow_server.observe import Metrics
    from leoflow_server.settings import Settings
    from leoflow_server.store import SqlStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    settings: Settings
    store: SqlStore
    engine: Engine
    logs: LogStore
    access: Access
    metrics: Metrics
