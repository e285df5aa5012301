"""Files of a launch that several processes write, and that a kill may leave half written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from leoflow_runtime.zygote import records

PROCESS = {"pid": 7, "start_time": 9}
RESULT = {"outcome": "success", "xcoms": {"return_value": "[]"}}
END = {"exit_code": 1, "signal": 0}


def said(directory: Path) -> list[str]:
    """The names of the records that are there."""
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2)], ids=["zygote first", "child first"])
def test_a_process_its_result_and_its_end_are_one_file(tmp_path: Path, order: tuple[int, ...]) -> None:
    steps = [
        lambda: records.add_json(f"{tmp_path}/process.json", PROCESS),
        lambda: records.record(str(tmp_path), "result.json", RESULT),
        lambda: records.record(str(tmp_path), "exit.json", END),
    ]
    for step in order:
        steps[step]()
    assert said(tmp_path) == ["exit.json", "process.json", "result.json"]
    assert len({path.stat().st_ino for path in tmp_path.iterdir()}) == 1
    for path in tmp_path.iterdir():
        assert records.read_json(str(path)) == {**PROCESS, **RESULT, **END}


@pytest.mark.parametrize("kept", range(len(f"\n{json.dumps(RESULT)}")))
def test_a_result_that_was_cut_off_is_none(tmp_path: Path, kept: int) -> None:
    process = tmp_path / "process.json"
    records.add_json(str(process), PROCESS)
    whole = process.stat().st_size
    records.add_json(str(process), RESULT)
    os.truncate(process, whole + kept)  # killed before the file got its second name
    records.record(str(tmp_path), "exit.json", END)
    assert said(tmp_path) == ["exit.json", "process.json"]
    assert records.read_json(str(process)) == {**PROCESS, **END}


def test_what_is_said_last_counts(tmp_path: Path) -> None:
    for note in ("before", "after"):
        records.record(str(tmp_path), "result.json", {"note": note})
    assert records.read_json(str(tmp_path / "result.json")) == {"note": "after"}


def test_a_file_that_was_there_before_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("somebody else's")
    records.record(str(tmp_path), "result.json", RESULT)
    assert records.read_json(str(tmp_path / "result.json")) == RESULT


def test_a_record_of_which_nothing_is_whole_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "exit.json").write_text('{"pid": 7')
    with pytest.raises(ValueError, match="delimiter"):
        records.read_json(str(tmp_path / "exit.json"))
    assert records.read_json(str(tmp_path / "none.json")) is None


def test_the_start_has_the_time_of_the_start(tmp_path: Path) -> None:
    launch = tmp_path / "launch.json"
    launch.write_text("{}")
    os.utime(launch, (1, 1))
    for _ in range(2):  # a process that was given up may have said so before
        records.record_start(str(tmp_path))
        assert (tmp_path / "started").stat().st_mtime > 1


def test_a_launch_is_claimed_once_and_by_somebody_known(tmp_path: Path) -> None:
    claimant = records.Claimant(str(tmp_path / "zygote.json"))
    for name in ("1", "2"):
        directory = tmp_path / name
        directory.mkdir()
        assert claimant.claim(str(directory))
        assert not claimant.claim(str(directory))
        assert not records.claim(str(directory))
        assert os.listdir(directory) == ["claim"]
    claimant.close()
    owner = records.read_json(str(tmp_path / "2" / "claim"))
    assert owner == {"pid": os.getpid(), "start_time": records.start_time(os.getpid())}


def test_a_claimant_whose_file_was_cleared_away_makes_it_again(tmp_path: Path) -> None:
    identity, directory = tmp_path / "zygote.json", tmp_path / "1"
    claimant = records.Claimant(str(identity))
    identity.unlink()
    assert not claimant.claim(str(directory))  # there is no such launch
    directory.mkdir()
    assert claimant.claim(str(directory))
