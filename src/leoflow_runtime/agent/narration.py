"""The agent's own voice: one JSON line per event on standard error."""

from __future__ import annotations

import json
import sys
import traceback

from leoflow_runtime.agent.log_lines import utc_now


def narrate(level: str, event: str, *, error: BaseException | None = None) -> None:
    """Writes a line; with `error`, its traceback too: only defects of the agent itself come with one."""
    record = {"timestamp": utc_now(), "level": level, "logger": "leoflow.agent", "event": event}
    if error is not None:
        record["traceback"] = "".join(traceback.format_exception(error))
    sys.stderr.write(json.dumps(record) + "\n")
    sys.stderr.flush()
