"""`python -I -m leoflow_runtime.agent host|pod`.

host    settings as one JSON line on standard input
pod     settings in the environment: LEOFLOW_SERVER, LEOFLOW_LAUNCH_TOKEN or LEOFLOW_LAUNCH_TOKEN_FILE

Exit status: 0 done; 1 the task did not succeed (pod); 2 wrong use or settings; 3 another agent holds the
spool; 4 the control plane does not accept the token.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from leoflow_runtime.agent.narration import narrate
from leoflow_runtime.agent.processes import become_unreadable
from leoflow_runtime.agent.settings import HostSettings, PodSettings, SettingsInvalid
from leoflow_runtime.agent.spool import Spool, SpoolInUse, SpoolUnusable


def main(arguments: list[str]) -> int:
    become_unreadable()
    # gRPC's own remarks about connections are not in the form of the agent's lines, and are no news to it.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        if arguments == ["host"]:
            host_settings = HostSettings.from_line(sys.stdin.readline())
            return _run(_host(host_settings, Spool(host_settings.spool)))
        if arguments == ["pod"]:
            pod_settings = PodSettings.from_environment(os.environ)
            return asyncio.run(_pod(pod_settings, Spool(pod_settings.spool)))
    except (SettingsInvalid, SpoolUnusable) as error:
        narrate("error", str(error))
        return 2
    except SpoolInUse as error:
        narrate("error", str(error))
        return 3
    narrate("error", "Say which agent this is: host or pod.")
    return 2


def _run(work: Coroutine[Any, Any, int]) -> int:
    """On uvloop where that is there, as beside a control plane: the loop is a quarter of an agent's work."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def _host(settings: HostSettings, spool: Spool) -> int:
    from leoflow_runtime.agent.host import HostAgent, TokenRefused

    agent = HostAgent(settings, spool, agent_version=_version())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, agent.leave)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, agent.leave)
    try:
        await agent.run()
    except TokenRefused as error:
        narrate("error", str(error))
        return 4
    finally:
        spool.close()
    return 0


async def _pod(settings: PodSettings, spool: Spool) -> int:
    from leoflow_runtime.agent.outcome import GOOD
    from leoflow_runtime.agent.pod import LaunchNotGiven, PodAgent

    agent = PodAgent(settings, spool, agent_version=_version())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop, "the pod is being deleted")
    try:
        outcome = await agent.run()
    except LaunchNotGiven as error:
        narrate("error", str(error))
        return 4
    finally:
        spool.close()
    return 0 if outcome in GOOD else 1


def _version() -> str:
    try:
        return importlib.metadata.version("leoflow")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
