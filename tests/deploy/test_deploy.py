"""From a project to a registered version, against a real registry and a real server."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid

import pytest

from leoflow_runtime.oci.dag_artifact import pull_dag_artifact
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.deploy.conftest import Place


@pytest.fixture
def name() -> str:
    """A DAG of the test's own: registry and server are shared."""
    return f"sales_{uuid.uuid4().hex[:8]}"


def test_one_command_goes_from_a_project_to_a_pinned_version(place: Place, name: str) -> None:
    project = place.project(name)
    done = place.leoflow("deploy", name)
    assert done.out.startswith(f"Deployed {name} -> http://127.0.0.1:")
    assert "registered version 1" in done.out
    assert f"Plan: {name} → " in done.err
    assert "new to the server" in done.err
    assert (project / "leoflow.lock").exists()

    again = place.leoflow("deploy", name, "--json").answer
    assert (again["created"], again["version_number"], again["sent_bytes"]) == (False, 1, 0)
    image = Reference.parse(again["image"])
    assert image.digest is not None
    with Registry(image.registry) as registry:
        assert registry.head_manifest(image.repository, image.digest) is not None
        artifact = pull_dag_artifact(registry, image.repository, f"{again['dag_version']}-dag")
    assert artifact.document["image"] == again["image"]
    assert artifact.image == image.digest
    assert again["artifact"].endswith(artifact.digest)


def test_a_change_of_code_sends_the_code_and_a_rollback_brings_everything_back(
    place: Place, name: str
) -> None:
    place.project(name, value=1, schedule="@daily")
    place.leoflow("deploy", name)
    place.project(name, value=2, schedule="@hourly")
    changed = place.leoflow("deploy", name)
    assert "~ DAG schedule: @daily → @hourly" in changed.err
    assert "replaces version 1" in changed.err
    answer = place.leoflow("deploy", name, "--json").answer
    assert answer["version_number"] == 2
    assert 0 < json.loads(place.leoflow("versions", name, "--json").out)[0]["version_number"] == 2

    back = place.leoflow("rollback", name)
    assert back.out.startswith(f"{name} is at version 1 ")
    listed = place.leoflow("versions", name, "--limit", "1000", "--json").answer
    assert [(one["version_number"], one["is_current"]) for one in listed] == [(2, False), (1, True)]
    assert place.leoflow("dags", "list", "--json").out.count('"@daily"') >= 1
    image = next(one["image"] for one in listed if one["version_number"] == 2)
    forth = place.leoflow("rollback", name, "--to", f"@{image.partition('@')[2]}")
    assert "is at version 2" in forth.out
    refused = place.leoflow("rollback", name, "--to", "9", check=False)
    assert (refused.status, "with version 9" in refused.err) == (1, True)


def test_a_plan_is_carried_out_exactly_or_not_at_all(place: Place, name: str) -> None:
    folder = place.project(name)
    place.leoflow("deploy", name, "--plan", "the.plan")
    assert place.leoflow("versions", name, check=False).status == 1
    applied = place.leoflow("deploy", "--apply", "the.plan", "--json").answer
    assert applied["version_number"] == 1

    place.project(name, value=2)
    place.leoflow("deploy", name, "--plan", "next.plan")
    (folder / "dag.py").write_text((folder / "dag.py").read_text() + "# later\n")
    refused = place.leoflow("deploy", "--apply", "next.plan", check=False)
    assert refused.status == 1
    assert "is no longer what was planned" in refused.err
    place.leoflow("deploy", name)
    stale = place.leoflow("deploy", "--apply", "next.plan", check=False)
    assert "is at version 2 on" in stale.err


def test_what_the_server_lacks_is_told_before_anything_is_sent(place: Place, name: str) -> None:
    folder = place.project(name)
    (folder / "dag.py").write_text(
        (folder / "dag.py").read_text().replace("return 1", "return '{{ conn.warehouse.host }}'")
    )
    done = place.leoflow("deploy", name)
    assert "  needs connections warehouse\n" in done.err
    assert "  missing on the server: connections warehouse\n" in done.err
    answer = place.leoflow("deploy", name, "--json").answer
    assert answer["requires"]["connections"] == answer["missing"]["connections"] == ["warehouse"]


def test_all_projects_go_one_after_the_other(place: Place) -> None:
    names = [f"all_{uuid.uuid4().hex[:8]}" for _ in range(3)]
    for one in names:
        place.project(one)
    (place.folder / names[1] / "dag.py").write_text("nothing = 1\n")
    done = place.leoflow("deploy", "--all", check=False)
    assert done.status == 1
    assert f"1 of 3 deploys failed: {names[1]}" in done.err
    assert [one for one in names if f"Deployed {one} ->" in done.out] == [names[0], names[2]]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["nowhere"], 2, "there is no folder and no DAG 'nowhere' here; known: bare"),
        (["bare"], 1, "  url: registry.example.com/dags"),
        (["bare", "--wait"], 2, "--wait only makes sense with --trigger"),
        (["--apply", "bare/dag.py"], 2, "cannot be carried out"),
        (["--apply", "no.plan"], 1, "no.plan: No such file or directory"),
        (["bare", "--server", "http://127.0.0.1:1"], 1, "names no registry"),
    ],
)
def test_what_is_missing_is_told(place: Place, arguments: list[str], status: int, told: str) -> None:
    folder = place.project("bare")
    settings = (folder / "leoflow.yaml").read_text().partition("registry:")[0]
    (folder / "leoflow.yaml").write_text(settings)
    done = place.leoflow("deploy", *arguments, check=False)
    assert (done.status, told in done.err) == (status, True), done.err
    assert "Traceback" not in done.err


def test_a_frozen_lock_has_to_fit(place: Place, name: str) -> None:
    folder = place.project(name)
    missing = place.leoflow("deploy", name, "--frozen", check=False)
    assert "leoflow.lock of" in missing.err
    assert "is missing" in missing.err
    place.leoflow("lock", name)
    place.leoflow("lock", name, "--check")
    with (folder / "leoflow.yaml").open("a") as settings:
        settings.write("dependencies: [idna]\n")
    stale = place.leoflow("lock", name, "--check", check=False)
    assert (stale.status, "does not fit leoflow.yaml any more" in stale.err) == (1, True)


@pytest.mark.chaos
def test_killed_at_any_moment_it_can_be_repeated(place: Place, name: str) -> None:
    rounds = int(os.environ.get("CHAOS_ROUNDS", "4"))
    seed = int(os.environ.get("CHAOS_SEED", "7"))
    chance = random.Random(seed)
    place.project(name)
    begin = time.monotonic()
    place.leoflow("deploy", name)
    whole = time.monotonic() - begin
    for number in range(rounds):
        place.project(name, value=number + 2)
        process = subprocess.Popen(
            [sys.executable, "-m", "leoflow_compiler", "deploy", name],
            cwd=place.folder,
            env=dict(place.environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(chance.uniform(0.1, whole))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        answer = place.leoflow("deploy", name, "--json").answer
        assert answer["version_number"] == number + 2
        listed = place.leoflow("versions", name, "--limit", "1000", "--json").answer
        assert len(listed) == number + 2, "nothing was registered by halves or twice"
