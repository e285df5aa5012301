"""Reports of agents: from the wire to the engine's records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.wire import agent_pb2 as wire

XCOM_LIMIT = 256 * 1024

_OUTCOMES = {
    wire.SUCCESS: Outcome.SUCCESS,
    wire.FAILED: Outcome.FAILED,
    wire.FAILED_NO_RETRY: Outcome.FAILED_NO_RETRY,
    wire.SKIPPED: Outcome.SKIPPED,
    wire.UP_FOR_RESCHEDULE: Outcome.UP_FOR_RESCHEDULE,
    wire.LOST: Outcome.LOST,
    wire.CANCELLED: Outcome.CANCELLED,
    wire.SHUT_DOWN: Outcome.SHUT_DOWN,
}


class ReportInvalid(ValueError):
    """A report that cannot be read; the text is one sentence."""


def report_of(request: wire.FinishedRequest) -> LaunchReport:
    """Raises ReportInvalid. A value beyond XCOM_LIMIT, or no JSON: the launch failed."""
    outcome = _OUTCOMES.get(request.outcome)
    if outcome is None:
        raise ReportInvalid(f"outcome {request.outcome} is unknown")
    xcoms = {value.key: value.value_json for value in request.xcoms}
    message = request.message
    refused = _refused(xcoms)
    if refused is not None:
        outcome, message, xcoms = Outcome.FAILED, refused, {}
    return LaunchReport(
        launch_id=request.launch_id,
        outcome=outcome,
        started_at=moment(request.started_at),
        finished_at=moment(request.finished_at),
        message=message,
        exit_code=request.exit_code,
        signal=request.signal or None,
        cpu_seconds=request.cpu_seconds,
        max_rss_bytes=request.max_rss_bytes,
        xcoms=xcoms,
        reschedule_at=moment(request.reschedule_at),
        rendered_fields=_fields(request.rendered_fields_json),
        skip_task_ids=tuple(request.skip_task_ids),
        skip_ignores_trigger_rules=request.skip_ignores_trigger_rules,
        asset_events=_updates(request.asset_events_json),
        note=request.note or None,
        map_length=request.map_length if request.HasField("map_length") else None,
        rendered_map_index=request.rendered_map_index or None,
    )


def moment(text: str) -> datetime | None:
    """RFC 3339 to an aware datetime; None for an empty text. Raises ReportInvalid."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ReportInvalid(f"{text!r} is no RFC 3339 time") from error
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _refused(xcoms: dict[str, bytes]) -> str | None:
    for key, value in xcoms.items():
        if len(value) > XCOM_LIMIT:
            return f"The value of XCom {key!r} has {len(value):,} bytes; {XCOM_LIMIT:,} is the limit."
        try:
            json.loads(value)
        except ValueError:
            return f"The value of XCom {key!r} is no JSON."
    return None


def _updates(text: str) -> tuple[dict[str, Any], ...]:
    try:
        read = json.loads(text or "[]")
    except ValueError as error:
        raise ReportInvalid("asset_events_json is no JSON") from error
    if not isinstance(read, list) or not all(isinstance(one, dict) for one in read):
        raise ReportInvalid("asset_events_json is no list of objects")
    return tuple(read)


def _fields(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        read = json.loads(text)
    except ValueError as error:
        raise ReportInvalid("rendered_fields_json is no JSON") from error
    if not isinstance(read, dict):
        raise ReportInvalid("rendered_fields_json is no object")
    return read
