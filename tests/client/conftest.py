"""The command, logged in to a fake control plane."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leoflow_compiler.cli.main import main
from tests.client.fake_control_plane import TOKEN, FakeControlPlane, serving


@dataclass(frozen=True, kw_only=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def fake() -> Iterator[FakeControlPlane]:
    with serving(FakeControlPlane()) as running:
        running.add_dag("sales", tags=[{"name": "example"}], timetable_summary="@daily")
        yield running


@pytest.fixture
def leoflow(
    fake: FakeControlPlane,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Runs `leoflow ARGUMENTS`; `stdin` is what the command can read."""
    monkeypatch.setenv("LEOFLOW_CONFIG", str(tmp_path / "config" / "config.yaml"))
    monkeypatch.setenv("LEOFLOW_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LEOFLOW_SERVER_URL", fake.url)
    monkeypatch.setenv("LEOFLOW_TOKEN", TOKEN)
    for name in ("LEOFLOW_USERNAME", "LEOFLOW_PASSWORD", "LEOFLOW_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        status = main(arguments)
        out, err = capsys.readouterr()
        return Outcome(status=status, out=out, err=err)

    return run
