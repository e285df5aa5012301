"""Files of a launch that several processes write, and that a kill may leave half written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from leoflow_runtime.zygote import records


def test_a_process_and_its_end_are_one_file_under_two_names(tmp_path: Path) -> None:
    process, end = tmp_path / "process.json", tmp_path / "exit.json"
    records.add_json(str(process), {"pid": 7, "start_time": 9})
    assert records.read_json(str(process)) == {"pid": 7, "start_time": 9}
    assert records.read_json(str(end)) is None
    records.record_end(str(tmp_path), {"pid": 7, "start_time": 9, "exit_code": 1})
    assert records.read_json(str(end)) == {"pid": 7, "start_time": 9, "exit_code": 1}
    assert process.stat().st_ino == end.stat().st_ino


@pytest.mark.parametrize("kept", range(len('\n{"pid": 7, "exit_code": 1}')))
def test_an_end_that_was_cut_off_leaves_the_process_on_record(tmp_path: Path, kept: int) -> None:
    process = tmp_path / "process.json"
    records.add_json(str(process), {"pid": 7})
    whole = process.stat().st_size
    records.add_json(str(process), {"pid": 7, "exit_code": 1})
    os.truncate(process, whole + kept)
    assert records.read_json(str(process)) == {"pid": 7}


def test_an_end_is_recorded_though_the_process_is_not(tmp_path: Path) -> None:
    records.record_end(str(tmp_path), {"pid": 7})
    assert records.read_json(str(tmp_path / "exit.json")) == {"pid": 7}


def test_a_later_end_replaces_an_earlier_one(tmp_path: Path) -> None:
    for pid in (7, 8):
        records.record_end(str(tmp_path), {"pid": pid})
    assert records.read_json(str(tmp_path / "exit.json")) == {"pid": 8}


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
