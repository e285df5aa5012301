"""What a migration found: in text, Markdown or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from leoflow_compiler.migrate.projects import Migrated

_TITLES = {
    "exact": "compile exactly",
    "notes": "compile, with notes",
    "declined": "do not compile yet",
}


def as_text(found: Sequence[Migrated]) -> str:
    lines = [_summary(found)]
    for outcome, title in _TITLES.items():
        chosen = [one for one in found if one.outcome == outcome]
        if chosen:
            lines += ["", f"{len(chosen)} {title}:"]
            lines += [f"  {_name(one)}{_reasons(one)}" for one in chosen]
    return "\n".join([*lines, *_codes(found)]) + "\n"


def as_markdown(found: Sequence[Migrated]) -> str:
    lines = ["# Migration report", "", _summary(found), ""]
    for outcome, title in _TITLES.items():
        chosen = [one for one in found if one.outcome == outcome]
        if not chosen:
            continue
        lines += [f"## {len(chosen)} {title}", "", "| DAG | file | reasons |", "|---|---|---|"]
        lines += [f"| `{one.dag_id or '?'}` | `{one.path}` | {_cell(_reasons(one))} |" for one in chosen]
        lines.append("")
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[Migrated]) -> str:
    """`{dags: [{dag_id, path, outcome, diagnostics, files, dependencies}], exact, notes, declined}`."""
    counts = Counter(one.outcome for one in found)
    document = {
        "dags": [
            {
                "dag_id": one.dag_id,
                "path": one.path,
                "outcome": one.outcome,
                "diagnostics": [
                    {
                        "code": item.code.code,
                        "message": item.message,
                        "line": item.span.line if item.span is not None else None,
                    }
                    for item in one.diagnostics
                ],
                "files": list(one.needs.files),
                "dependencies": list(one.needs.distributions),
            }
            for one in found
        ],
        **{outcome: counts[outcome] for outcome in _TITLES},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _summary(found: Sequence[Migrated]) -> str:
    counts = Counter(one.outcome for one in found)
    files = len({one.path for one in found})
    parts = ", ".join(f"{counts[outcome]} {title}" for outcome, title in _TITLES.items())
    return f"{len(found)} DAGs in {files} files: {parts}"


def _name(one: Migrated) -> str:
    return f"{one.dag_id} ({one.path})" if one.dag_id is not None else one.path


def _reasons(one: Migrated) -> str:
    shown = [
        f"{item.code.code}{f' line {item.span.line}' if item.span is not None else ''}: {item.message}"
        for item in one.diagnostics
        if one.document is not None or item.severity == "error"
    ]
    more = f" (and {len(shown) - 3} more)" if len(shown) > 3 else ""
    return ": " + "; ".join(shown[:3]) + more if shown else ""


def _cell(text: str) -> str:
    return text.removeprefix(": ").replace("|", "\\|").replace("\n", " ")


def _codes(found: Sequence[Migrated]) -> list[str]:
    declined = Counter(
        item.code
        for one in found
        if one.document is None
        for item in one.diagnostics
        if item.severity == "error"
    )
    if not declined:
        return []
    return [
        "",
        "why, by code:",
        *(f"  {count:4} {code.code} {code.summary}" for code, count in declined.most_common()),
    ]
