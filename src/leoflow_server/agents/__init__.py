"""The agents' service: `schemas/agent.proto` on the store."""

from leoflow_runtime.executors.host_desk import LOCAL_HOST
from leoflow_server.agents.server import PortTaken, start_agents_server
from leoflow_server.agents.service import AgentService

__all__ = ["LOCAL_HOST", "AgentService", "PortTaken", "start_agents_server"]
