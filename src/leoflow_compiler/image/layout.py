"""Where things are in an image, whatever base it has."""

from __future__ import annotations

HOME = "opt/leoflow"
AGENT = f"{HOME}/agent.py"  # what starts the agent
SITE = f"{HOME}/site"  # the agent's own packages: no pin of a user's reaches them
PACKAGES = f"{HOME}/packages"  # the DAG's dependencies
CODE = f"{HOME}/dag"
SPOOL = f"{HOME}/spool"
USER = 65532  # as in distroless images

ENTRYPOINT = ("python3", "-I", f"/{AGENT}")
COMMAND = ("pod",)
AGENT_PROGRAM = f'''\
"""Starts Leoflow's agent, which finds its own packages here and nowhere else."""

import runpy
import sys

sys.path.insert(0, "/{SITE}")
runpy.run_module("leoflow_runtime.agent", run_name="__main__", alter_sys=True)
'''
