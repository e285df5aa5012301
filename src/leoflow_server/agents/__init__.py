"""The agents' service: `schemas/agent.proto` on the store."""

import os

# Read when grpc is imported. The server forks only to exec, so grpc's fork handlers are noise in its log.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

from leoflow_server.agents.server import PortTaken, start_agents_server
from leoflow_server.agents.service import LOCAL_HOST, AgentService

__all__ = ["LOCAL_HOST", "AgentService", "PortTaken", "start_agents_server"]
