"""What happens to the pods: everything once, then change by change, then everything again.

Whatever ends a watch (its time, a cut connection, a version that the API has forgotten: 410) is followed by
a new list, so that no event has to be trusted never to be missed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.executors.kubernetes.cluster import ApiRefused, Cluster, ClusterUnreachable

_log = logging.getLogger("leoflow.executor")
_FIRST_PAUSE, _LAST_PAUSE = 0.2, 10.0


@dataclass(frozen=True, slots=True)
class Listed:
    """All pods that there are: what was there at `began` (monotonic clock) and is not among them is gone."""

    pods: tuple[Mapping[str, Any], ...]
    began: float


@dataclass(frozen=True, slots=True)
class Changed:
    pod: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deleted:
    """`pod` as it was last."""

    pod: Mapping[str, Any]


PodEvent = Listed | Changed | Deleted


async def watch_pods(cluster: Cluster, selector: str) -> AsyncIterator[PodEvent]:
    """For as long as it is asked; failures of the API are told to the log and waited out."""
    pause = _FIRST_PAUSE
    while True:
        try:
            began = time.monotonic()
            pods, version = await cluster.list_all("pods", selector)
            yield Listed(tuple(pods), began)
            async for event in cluster.watch("pods", selector, version):
                pause = _FIRST_PAUSE
                match event["type"]:
                    case "ADDED" | "MODIFIED":
                        yield Changed(event["object"])
                    case "DELETED":
                        yield Deleted(event["object"])
                    case "ERROR":
                        raise ApiRefused(event["object"].get("code", 0), event["object"].get("message", ""))
        except (ApiRefused, ClusterUnreachable) as error:
            if not (isinstance(error, ApiRefused) and error.status == 410):
                _log.warning("pods cannot be watched: %s", error, extra={"again_in_seconds": pause})
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)
