"""The gRPC port of the agents' service."""

from __future__ import annotations

import grpc.aio

from leoflow_runtime.wire import agent_pb2_grpc
from leoflow_server.agents.service import AgentService

# A launch's inputs may be many values of 256 KiB.
MAX_MESSAGE = 64 * 1024 * 1024
_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # Two servers must not share a port by accident.
    ("grpc.so_reuseport", 0),
    # Agents ask for signs of life while nothing else is said.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
]


class PortTaken(Exception):
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(f"Port {port} of {host} cannot be listened on.")


async def start_agents_server(service: AgentService, host: str, port: int) -> tuple[grpc.aio.Server, int]:
    """Listens and serves; returns the server and its port (a free one for 0). Raises PortTaken."""
    server = grpc.aio.server(options=_OPTIONS)
    agent_pb2_grpc.add_AgentServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise PortTaken(host, port) from error
    if bound == 0:
        raise PortTaken(host, port)
    await server.start()
    return server, bound
