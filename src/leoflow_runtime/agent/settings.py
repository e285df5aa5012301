"""What an agent is told at its start: one JSON line for a host agent, the environment for a pod's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


class SettingsInvalid(ValueError):
    """The settings cannot be used; the text is one sentence that says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How long things may take, in seconds."""

    heartbeat_seconds: float = 5.0
    # How often the output of running tasks is looked at.
    tick_seconds: float = 0.05
    # From SIGTERM to SIGKILL.
    grace_seconds: float = 5.0
    # How long a background process may go on writing after its task has ended.
    drain_seconds: float = 0.2
    # How long a report waits for the log to be sent before it: a finished task should show a whole log.
    log_first_seconds: float = 5.0
    import_seconds: float = 120.0
    # From the birth of a forked child to the user's first line; beyond it, forking is given up.
    stuck_seconds: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HostSettings:
    """A host agent: one for all DAGs of a machine."""

    server: str
    host_token: str
    spool: Path
    capacity: int = 32
    heartbeat_seconds: float = 5.0
    idle_zygote_seconds: float = 300.0
    max_zygotes: int = 16
    orphan_seconds: float = 120.0

    @classmethod
    def from_line(cls, line: str) -> HostSettings:
        """Reads the JSON line; raises `SettingsInvalid`."""
        try:
            given = json.loads(line)
        except ValueError:
            raise SettingsInvalid(
                "The agent's settings must be one line of JSON on standard input."
            ) from None
        if not isinstance(given, dict):
            raise SettingsInvalid("The agent's settings must be a JSON object.")
        return cls(**_checked(given))


_NUMBERS = {"capacity", "heartbeat_seconds", "idle_zygote_seconds", "max_zygotes", "orphan_seconds"}
_REQUIRED = ("server", "host_token", "spool")


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(HostSettings)}
    for name in given:
        if name not in known:
            raise SettingsInvalid(f"The agent does not know the setting {name!r}.")
    for name in _REQUIRED:
        if not isinstance(given.get(name), str) or not given[name]:
            raise SettingsInvalid(f"The agent's setting {name!r} must be a text that is not empty.")
    for name in _NUMBERS & given.keys():
        if isinstance(given[name], bool) or not isinstance(given[name], (int, float)) or given[name] <= 0:
            raise SettingsInvalid(f"The agent's setting {name!r} must be a number above zero.")
    return {**given, "spool": Path(given["spool"])}


@dataclass(frozen=True, kw_only=True, slots=True)
class PodSettings:
    """An agent that is process 1 of a pod: one launch, then it leaves."""

    server: str
    launch_token: str
    spool: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PodSettings:
        """Reads `LEOFLOW_SERVER`, `LEOFLOW_LAUNCH_TOKEN` (or `…_FILE`) and `LEOFLOW_SPOOL`.

        Raises `SettingsInvalid`.
        """
        server = environment.get("LEOFLOW_SERVER", "")
        if not server:
            raise SettingsInvalid("LEOFLOW_SERVER must name the control plane as host:port.")
        token = environment.get("LEOFLOW_LAUNCH_TOKEN", "")
        path = environment.get("LEOFLOW_LAUNCH_TOKEN_FILE", "")
        if not token and path:
            try:
                token = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsInvalid(f"The launch token cannot be read: {error}.") from None
        if not token:
            raise SettingsInvalid(
                "LEOFLOW_LAUNCH_TOKEN or LEOFLOW_LAUNCH_TOKEN_FILE must give a launch token."
            )
        spool = Path(environment.get("LEOFLOW_SPOOL", "/tmp/leoflow-spool"))  # noqa: S108
        return cls(server=server, launch_token=token, spool=spool)
