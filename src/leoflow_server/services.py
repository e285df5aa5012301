"""What a running control plane consists of: handed to the API, the agents' service and Lite."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leoflow_server.store.xcom_values import DatabaseValues, XComValues

if TYPE_CHECKING:
    from leoflow_runtime.engine import Engine
    from leoflow_server.access import Access
    from leoflow_server.logs import LogStore
    from leoflow_server.observe import Metrics
    from leoflow_server.settings import Settings
    from leoflow_server.store import SqlStore


@dataclass(kw_only=True, slots=True)
class Ports:
    """Where it listens; 0 until it does."""

    http: int = 0
    grpc: int = 0
    metrics: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    settings: Settings
    store: SqlStore
    engine: Engine
    logs: LogStore
    access: Access
    metrics: Metrics
    xcoms: XComValues = field(default_factory=DatabaseValues)
    ports: Ports = field(default_factory=Ports)
    # Held while what a channel names becomes current, so that an older look never undoes a newer choice.
    channel_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
