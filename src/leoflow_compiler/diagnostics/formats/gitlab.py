"""A Code Quality report: docs.gitlab.com, "Code Quality report format"."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from leoflow_compiler.diagnostics.formats import Found

_SEVERITIES = {"error": "major", "warning": "minor"}


def render(found: Sequence[Found], projects: Sequence[str]) -> str:
    seen: Counter[str] = Counter()
    issues = []
    for one in found:
        item, span = one.diagnostic, one.diagnostic.span
        # Not the line: a problem stays the same one when lines move above it.
        identity = f"{one.path}\0{item.code.code}\0{item.message}"
        seen[identity] += 1
        fingerprint = hashlib.sha256(f"{identity}\0{seen[identity]}".encode()).hexdigest()
        issues.append(
            {
                "description": item.message,
                "check_name": item.code.code,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[item.severity],
                "location": {"path": one.path, "lines": {"begin": span.line if span is not None else 1}},
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"
