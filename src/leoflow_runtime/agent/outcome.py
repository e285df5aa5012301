"""How a launch ended, from what its processes left behind. Pure."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from leoflow_runtime.agent.log_lines import Masker
from leoflow_runtime.wire import agent_pb2 as wire

_OUTCOMES = {
    "success": wire.SUCCESS,
    "failed": wire.FAILED,
    "failed_no_retry": wire.FAILED_NO_RETRY,
    "skipped": wire.SKIPPED,
    "up_for_reschedule": wire.UP_FOR_RESCHEDULE,
}
_BY_NAME = {
    name: outcome
    for outcome in (wire.FAILED, wire.LOST, wire.CANCELLED, wire.SHUT_DOWN)
    for name in [wire.Outcome.Name(outcome)]
}
# Outcomes that are nothing to worry about.
GOOD = {wire.SUCCESS, wire.SKIPPED, wire.UP_FOR_RESCHEDULE}
# Outcomes of work that was complete before a stop could interrupt it.
_COMPLETE = {"success", "skipped"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """An outcome that the agent decided: a stop, a failed import, a process that vanished."""

    outcome: wire.Outcome
    message: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Ending:
        return cls(outcome=_BY_NAME[record["outcome"]], message=record["message"])

    def to_record(self) -> dict[str, Any]:
        return {"outcome": wire.Outcome.Name(self.outcome), "message": self.message}


def rfc3339(seconds: float | None) -> str:
    """Seconds since the epoch as RFC 3339; empty for None."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def conclude(
    launch_id: int,
    *,
    end: Mapping[str, Any] | None,
    result: Mapping[str, Any] | None,
    stop: Ending | None,
    started_at: float | None,
    now: float,
) -> wire.FinishedRequest:
    """The one report of a launch.

    `end` is `exit.json` (None: the process vanished), `result` the child's account, `stop` why the agent
    ended it or could not run it.
    """
    report = wire.FinishedRequest(launch_id=launch_id, started_at=rfc3339(started_at))
    finished = now
    if end is not None:
        finished = end["finished_at"]
        report.exit_code = end["exit_code"]
        report.signal = end["signal"]
        report.cpu_seconds = end["cpu_seconds"]
        report.max_rss_bytes = end["max_rss_bytes"]
    report.finished_at = rfc3339(finished)
    if stop is not None and not (result is not None and result.get("outcome") in _COMPLETE):
        report.outcome, report.message = stop.outcome, stop.message
    elif result is not None:
        _fill_from_result(report, result)
    elif end is None:
        report.outcome = wire.LOST
        report.message = "The task's process vanished without a trace."
    else:
        report.outcome, report.message = wire.FAILED, _death(end["exit_code"], end["signal"])
    return report


def _fill_from_result(report: wire.FinishedRequest, result: Mapping[str, Any]) -> None:
    """A result is written by the task's process, so nothing about it is taken for granted."""
    try:
        outcome = _OUTCOMES[result["outcome"]]
        report.message = result.get("message") or ""
        report.note = result.get("note") or ""
        report.reschedule_at = result.get("reschedule_at") or ""
        report.skip_task_ids.extend(result.get("skip_task_ids") or ())
        report.skip_ignores_trigger_rules = bool(result.get("skip_ignores_trigger_rules"))
        report.rendered_map_index = result.get("rendered_map_index") or ""
        if result.get("map_length") is not None:
            report.map_length = result["map_length"]
        for key, text in (result.get("xcoms") or {}).items():
            report.xcoms.add(key=key, value_json=text.encode())
        if result.get("asset_events"):
            report.asset_events_json = json.dumps(result["asset_events"])
        if result.get("rendered_fields") is not None:
            report.rendered_fields_json = json.dumps(result["rendered_fields"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        report.outcome = wire.FAILED
        report.message = f"The task's process left a result that cannot be read ({error})."
        del report.xcoms[:]
        return
    report.outcome = outcome


def _death(exit_code: int, number: int) -> str:
    if number == signal.SIGKILL:
        return "The task's process was killed by SIGKILL; did it run out of memory?"
    if number:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        return f"The task's process was killed by {name}."
    return f"The task's process ended without a result (exit code {exit_code})."


def mask_words(report: wire.FinishedRequest, masker: Masker) -> None:
    """Hides secrets in everything of a report that people are shown. Values of XComs are data, and stay."""
    report.message = masker.text(report.message)
    report.note = masker.text(report.note)
    report.rendered_map_index = masker.text(report.rendered_map_index)
    if report.rendered_fields_json:
        report.rendered_fields_json = json.dumps(masker.value(json.loads(report.rendered_fields_json)))


def closing_words(report: wire.FinishedRequest) -> str:
    """The last line of a launch's log."""
    name = wire.Outcome.Name(report.outcome).lower().replace("_", " ")
    words = f"Ended: {name}"
    if report.cpu_seconds or report.max_rss_bytes:
        words += f"; {report.cpu_seconds:.3f} s of CPU, {report.max_rss_bytes / 2**20:.0f} MiB at most"
    if report.message and report.outcome not in GOOD:
        words += f". {report.message}"
    return words


def reduced(report: wire.FinishedRequest, refusal: str) -> wire.FinishedRequest:
    """The report without what the task left, for a control plane that refused it."""
    smaller = wire.FinishedRequest()
    smaller.CopyFrom(report)
    del smaller.xcoms[:]
    smaller.rendered_fields_json = ""
    smaller.outcome = wire.FAILED
    smaller.message = f"The control plane refused what the task left: {refusal}"
    return smaller
