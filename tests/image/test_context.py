"""The folder for builds in containers: readable, always the same, and without what is excluded."""

from __future__ import annotations

from pathlib import Path

import pytest

from leoflow_compiler.cli.main import main
from leoflow_compiler.image.context import FOLDER, write_context
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.uv import Package
from leoflow_compiler.project import Project, load_project

DIGEST = "sha256:" + "1" * 64
LOCK = Lock(
    inputs="",
    base="docker.io/library/python:3.11-slim",
    base_digest="sha256:" + "2" * 64,
    packages={"linux/amd64": (Package(name="requests", version="2.32.3", hashes=(DIGEST,)),)},
    agent={"linux/amd64": (Package(name="grpcio", version="1.70.0", hashes=(DIGEST,)),)},
)
PINNED = """\
# sales. Written by `leoflow compile`, again and again: copy the folder to change it,
# or name a Dockerfile for what lies below all this with `build.dockerfile` in leoflow.yaml.

ARG BASE=docker.io/library/python:3.11-slim@DIGEST
FROM ${BASE}
USER root
RUN apt-get update \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libgomp1 \\
    && rm -rf /var/lib/apt/lists/*

COPY requirements /opt/leoflow/requirements
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \\
    python3 -m pip install --no-cache-dir --no-compile --require-hashes --no-deps \\
        --target /opt/leoflow/packages -r /opt/leoflow/requirements/packages-linux-amd64.txt \\
    && { python3 -m compileall -q --invalidation-mode unchecked-hash -x '/tests?/' \\
        /opt/leoflow/packages || true; }
ADD agent.tar.gz /
RUN install -d -o 65532 -g 65532 /opt/leoflow/spool
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \\
    python3 -m pip install --no-cache-dir --no-compile --require-hashes --no-deps \\
        --target /opt/leoflow/site -r /opt/leoflow/requirements/agent-linux-amd64.txt \\
    && { python3 -m compileall -q --invalidation-mode unchecked-hash -x '/tests?/' \\
        /opt/leoflow/site || true; }

COPY dag /opt/leoflow/dag
ENV LEOFLOW_PACKAGES="/opt/leoflow/packages" LEOFLOW_SPOOL="/opt/leoflow/spool/launches" \
HOME="/opt/leoflow/spool" USER="leoflow" PYTHONUNBUFFERED="1"
LABEL "org.opencontainers.image.base.name"="docker.io/library/python:3.11-slim"
LABEL "org.opencontainers.image.title"="sales"
LABEL "team"="a \\"b\\" \\$c"
WORKDIR /opt/leoflow/dag
USER 65532:65532
ENTRYPOINT ["python3", "-I", "/opt/leoflow/agent.py"]
CMD ["pod"]
"""


def project(folder: Path, more: str = "") -> Project:
    folder.mkdir(exist_ok=True)
    (folder / "dag.py").write_text("x = 1\n")
    (folder / "leoflow.yaml").write_text(f"dag_id: sales\ndependencies: [requests]\n{more}")
    loaded, problems = load_project(folder)
    assert loaded is not None, problems
    return loaded


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_dockerfile_says_all_there_is_to_the_image(tmp_path: Path) -> None:
    more = "system_packages: [libgomp1, gcc]\nbuild: {labels: {team: 'a \"b\" $c'}}\n"
    folder = write_context(project(tmp_path / "p", more), LOCK)
    assert (folder / "Dockerfile").read_text().replace(LOCK.base_digest, "DIGEST") == PINNED
    assert (folder / "requirements/packages-linux-amd64.txt").read_text() == (
        f"requests==2.32.3 \\\n    --hash={DIGEST}\n"
    )
    assert (folder / "leoflow.lock").read_bytes() == LOCK.to_bytes()


def test_without_a_lock_nothing_is_pinned_and_it_says_so(tmp_path: Path) -> None:
    folder = write_context(project(tmp_path / "p"), None)
    text = (folder / "Dockerfile").read_text()
    assert "There is no leoflow.lock" in text
    assert "ARG BASE=docker.io/library/python:3.11-slim\n" in text
    assert "--require-hashes" not in text
    assert (folder / "requirements/packages-linux-amd64.txt").read_text() == "requests\n"
    assert not (folder / "leoflow.lock").exists()


def test_each_of_several_platforms_takes_its_own_packages(tmp_path: Path) -> None:
    more = "build: {platforms: [linux/amd64, linux/arm64/v8]}\n"
    folder = write_context(project(tmp_path / "p", more), None)
    text = (folder / "Dockerfile").read_text()
    assert "ARG TARGETOS\nARG TARGETARCH\n" in text
    assert "requirements/packages-${TARGETOS}-${TARGETARCH}.txt" in text
    assert sorted(path.name for path in (folder / "requirements").iterdir()) == [
        "agent-linux-amd64.txt",
        "agent-linux-arm64.txt",
        "packages-linux-amd64.txt",
        "packages-linux-arm64.txt",
    ]


def test_two_places_have_the_same_bytes(tmp_path: Path) -> None:
    first = tree(write_context(project(tmp_path / "a"), LOCK))
    assert first == tree(write_context(project(tmp_path / "ein Ort"), LOCK))
    assert {"Dockerfile", "agent.tar.gz", "dag/dag.py"} < set(first)


def test_what_is_gone_from_the_project_goes_from_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "p"
    project(root)
    (root / "old").mkdir()
    (root / "old" / "rows.py").write_text("")
    (root / "thing").write_text("a file")
    folder = write_context(project(root), LOCK)
    assert (folder / "dag/old/rows.py").exists()
    (root / "old" / "rows.py").unlink()
    (root / "old").rmdir()
    (root / "thing").unlink()
    (root / "thing").mkdir()
    (root / "thing" / "inside.py").write_text("")
    folder = write_context(project(root), LOCK)
    assert [name for name in tree(folder) if name.startswith("dag/")] == ["dag/dag.py", "dag/thing/inside.py"]
    assert not (folder / "dag/old").exists()


def test_nothing_excluded_gets_in(tmp_path: Path) -> None:
    root = tmp_path / "p"
    project(root)
    for name in (".env", ".env.local", ".git/config", "secret.pem", "deep/.env"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("password = hunter2")
    (root / ".leoflowignore").write_text("*.pem\n")
    (root / "Dockerfile").write_text("FROM scratch\n")
    write_context(project(root, "build: {dockerfile: Dockerfile}\n"), LOCK)
    found = tree(root / FOLDER)
    assert [name for name in found if name.startswith("own/")] == ["own/Dockerfile", "own/dag.py"]
    assert not any(b"hunter2" in data for data in found.values())


def test_git_does_not_see_it(tmp_path: Path) -> None:
    folder = write_context(project(tmp_path / "p"), LOCK)
    assert (folder.parent / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("build: {dockerfile: ../Dockerfile}\n", "`../Dockerfile` leads out of the project"),
        ("build: {dockerfile: Dockerfile}\n", "`Dockerfile` does not exist in the project"),
        (
            'build: {labels: {a: "b\\nc"}}\n',
            "a label of more than one line cannot be written in a Dockerfile",
        ),
    ],
)
def test_what_cannot_be_written_is_told(more: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        write_context(project(tmp_path / "p", more), LOCK)
    assert told in caught.value.message


DAG = "from airflow.sdk import DAG, task\n\nwith DAG('sales'):\n\n    @task\n    def t(): ...\n\n    t()\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEOFLOW_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    project(tmp_path / "sales")
    (tmp_path / "sales" / "dag.py").write_text(DAG)
    return tmp_path / "sales"


def test_compile_writes_it_once_for_the_same_inputs(root: Path) -> None:
    assert main(["compile", "sales"]) == 0
    folder = root / FOLDER
    assert (folder / "dag/dag.py").read_text() == DAG
    (folder / "Dockerfile").write_text("touched\n")
    assert main(["compile", "sales"]) == 0
    assert (folder / "Dockerfile").read_text() == "touched\n"
    (root / "leoflow.lock").write_bytes(LOCK.to_bytes())
    assert main(["compile", "sales"]) == 0
    assert (folder / "Dockerfile").read_text().startswith("# sales. Written by `leoflow compile`")


def test_compile_to_another_place_writes_that_alone(root: Path) -> None:
    assert main(["compile", "sales", "-o", "elsewhere.json"]) == 0
    assert not (root / ".leoflow").exists()


def test_compile_says_why_it_cannot_be_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project(root, "build: {dockerfile: missing}\n")
    (root / "dag.py").write_text(DAG)
    assert main(["compile", "sales"]) == 0
    told = "note: sales/.leoflow/build is not written: `build`: `missing` does not exist in the project"
    assert told in capsys.readouterr().err
    assert (root / "dag.json").exists()
