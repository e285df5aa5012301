"""The agents' service: `schemas/agent.proto` on the store."""

from leoflow_server.agents.server import PortTaken, start_agents_server
from leoflow_server.agents.service import LOCAL_HOST, AgentService

__all__ = ["LOCAL_HOST", "AgentService", "PortTaken", "start_agents_server"]
