"""gRPC ignores options that it does not know; a misspelt one is found here."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpc._cython import cygrpc

from leoflow_runtime.agent import control
from leoflow_server.agents import server

CORE = Path(cygrpc.__file__).read_bytes()


@pytest.mark.parametrize("name", sorted({name for name, _ in [*server._OPTIONS, *control._CHANNEL_OPTIONS]}))
def test_grpc_knows_the_option(name: str) -> None:
    assert name.encode() in CORE


def test_agents_ping_no_faster_than_the_server_takes() -> None:
    # Faster ones are strikes: after a few, the server hangs up on the agent.
    taken = dict(server._OPTIONS)["grpc.http2.min_ping_interval_without_data_ms"]
    assert dict(control._CHANNEL_OPTIONS)["grpc.keepalive_time_ms"] > taken
