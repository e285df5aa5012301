"""benchmarks/results/latest.json: what was measured last, by any of the benchmarks."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

LATEST = Path(__file__).parent / "results" / "latest.json"


def keep(results: Mapping[str, float], path: Path = LATEST) -> None:
    """Writes these keys; those of other benchmarks stay."""
    record = json.loads(path.read_text()) if path.exists() else {}
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    measured = datetime.now(UTC).isoformat(timespec="seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    merged = {**record, **results, "measured_at": measured, "machine": machine}
    path.write_text(json.dumps(merged, indent=2) + "\n")
    print(f"written to {path}")
