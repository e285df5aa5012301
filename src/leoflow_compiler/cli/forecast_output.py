"""A forecast for people, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leoflow_compiler.cli.table import table

if TYPE_CHECKING:
    from leoflow_runtime.engine.simulator import Forecast, RunForecast

_SHOWN_RUNS = 20


def as_record(forecast: Forecast) -> dict[str, Any]:
    """JSON: moments as ISO 8601, durations in seconds."""
    plain: dict[str, Any] = _plain(asdict(forecast))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def as_lines(forecast: Forecast) -> Iterator[str]:
    began, ended = (f"{moment:%Y-%m-%d %H:%M}" for moment in (forecast.start, forecast.end))
    yield f"{began} to {ended} UTC: {len(forecast.runs)} runs, {forecast.tasks} task starts"
    if not forecast.runs:
        return
    for part in (_dags(forecast.runs), _runs(forecast.runs), _pools(forecast), _limits(forecast)):
        if part:
            yield ""
            yield part
    yield from _longest(forecast.runs)


def _dags(runs: Sequence[RunForecast]) -> str:
    rows = []
    for dag_id in sorted({run.dag_id for run in runs}):
        own = [run for run in runs if run.dag_id == dag_id]
        took = [seconds for run in own if (seconds := _took(run)) is not None]
        states = [str(run.state) for run in own]
        rows.append(
            (
                dag_id,
                str(len(own)),
                str(states.count("failed")),
                str(sum(not run.state.is_terminal for run in own)),
                _span(sum(took) / len(took)) if took else "-",
                _span(max(took)) if took else "-",
                _span(max(run.queued for run in own)),
                _span(max(run.waited for run in own)),
            )
        )
    head = ("DAG", "RUNS", "FAILED", "UNFINISHED", "MEAN", "LONGEST", "LONGEST QUEUED", "LONGEST WAIT")
    return table(head, rows)


def _runs(runs: Sequence[RunForecast]) -> str:
    rows = [
        (
            run.dag_id,
            f"{run.run_after:%a %Y-%m-%d %H:%M}",
            f"{run.start:%H:%M:%S}" if run.start else "-",
            f"{run.end:%H:%M:%S}" if run.end else "-",
            _span(_took(run)),
            _span(run.queued),
            _span(run.waited),
            str(run.state),
        )
        for run in runs[:_SHOWN_RUNS]
    ]
    head = ("RUN OF", "AFTER (UTC)", "START", "END", "TOOK", "QUEUED", "WAITED", "STATE")
    more = len(runs) - _SHOWN_RUNS
    return table(head, rows) + (f"\n… and {more} more runs; --json has them all" if more > 0 else "")


def _pools(forecast: Forecast) -> str:
    rows = [
        (
            pool.name,
            str(pool.slots) if pool.slots >= 0 else "unlimited",
            str(pool.peak),
            f"{100 * pool.used:.1f} %" if pool.used is not None else "-",
            _span(pool.full_seconds) if pool.slots >= 0 else "-",
        )
        for pool in forecast.pools
    ]
    return table(("POOL", "SLOTS", "PEAK", "USED", "FULL FOR"), rows) if rows else ""


def _limits(forecast: Forecast) -> str:
    rows = [
        (limit.name, str(limit.tasks), _span(limit.seconds), _span(limit.longest))
        for limit in forecast.limits
        if limit.seconds > 0
    ]
    return table(("WAITED AT", "TASKS", "IN ALL", "LONGEST"), rows) if rows else ""


def _longest(runs: Sequence[RunForecast]) -> Iterator[str]:
    ended = [run for run in runs if run.critical_path]
    if not ended:
        return
    run = max(ended, key=lambda run: (_took(run) or 0.0, -run.run_after.timestamp()))
    yield ""
    which = f"{run.dag_id} of {run.run_after:%Y-%m-%d %H:%M}, {_span(_took(run))}"
    yield f"Critical path of the longest run ({which}):"
    for step in run.critical_path:
        waited = f", after {_span(step.waited)} without a slot" if step.waited else ""
        yield f"  {step.task_id}  {_span(step.took)}{waited}"


def _took(run: RunForecast) -> float | None:
    return (run.end - run.start).total_seconds() if run.start and run.end else None


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 120:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes}m{f' {rest}s' if rest else ''}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{f' {minutes}m' if minutes else ''}"
