"""Changes as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from leoflow_compiler.diff.changes import Change

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def as_text(changes: Sequence[Change], runs: Sequence[str] = ()) -> str:
    """What behaves otherwise first, then what only looks otherwise; `runs`: lines about the next runs."""
    parts: list[str] = []
    for title, chosen in _parts(changes):
        parts += [f"{title}:", *(f"  {_SIGNS[one.kind]} {_words(one)}" for one in chosen)]
    return "".join(f"{line}\n" for line in [*parts, *runs])


def as_markdown(changes: Sequence[Change], runs: Sequence[str] = ()) -> str:
    """For a comment on a change request."""
    parts: list[str] = []
    for title, chosen in _parts(changes):
        parts += [f"### {title}", "", *(f"- {one.kind}: {_words(one)}" for one in chosen), ""]
    parts += ["### Next runs", "", "```", *runs, "```", ""] if runs else []
    return "".join(f"{line}\n" for line in parts)


def as_json(changes: Sequence[Change], runs: Sequence[str] = ()) -> str:
    """`{changes: [{kind, subject, field, before, after, is_cosmetic}], next_runs}`."""
    document = {"changes": [asdict(one) for one in changes], "next_runs": list(runs)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _parts(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    behaviour = [one for one in changes if not one.is_cosmetic]
    looks = [one for one in changes if one.is_cosmetic]
    return [part for part in (("Behaviour", behaviour), ("Appearance and sources", looks)) if part[1]]


def _words(change: Change) -> str:
    subject = f"{change.subject} {change.field}".rstrip()
    if change.kind != "changed" or (change.before is None and change.after is None):
        return subject
    return f"{subject}: {_value(change.before)} → {_value(change.after)}"


def _value(value: Any) -> str:
    if value is None:
        return "(default)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = " ".join(text.split())
    return text if len(text) <= 100 else text[:97] + "…"
