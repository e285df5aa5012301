"""Which files a project's bundle holds, and what is refused."""

import os
import socket
from pathlib import Path

import pytest

from leoflow_compiler.project import bundle, find_projects, load_project


def make(root: Path, *files: str, yaml: str = "dag_id: hello\n", ignore: str | None = None) -> Path:
    for name in ("dag.py", *files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "leoflow.yaml").write_text(yaml)
    if ignore is not None:
        (root / ".leoflowignore").write_text(ignore)
    return root


def names(root: Path) -> list[str]:
    project, diagnostics = load_project(root)
    assert diagnostics == ()
    assert project is not None
    assert list(project.files) == sorted(project.files)
    assert all(path == root.resolve() / name for name, path in project.files.items())
    return list(project.files)


def refusals(root: Path) -> list[str]:
    project, diagnostics = load_project(root)
    assert project is None
    return [f"{item.code.code} {item.message}" for item in diagnostics]


def test_everything_is_included_but_what_never_belongs(tmp_path: Path) -> None:
    make(
        tmp_path,
        "lib/math.py",
        "sql/a.sql",
        "lib/__pycache__/math.pyc",
        ".git/config",
        ".venv/bin/python",
        ".env",
        ".env.local",
        "dag.json",
        ".leoflow/build/x",
    )
    assert names(tmp_path) == ["dag.py", "lib/math.py", "sql/a.sql"]


def test_patterns_of_the_yaml_and_of_the_ignore_file_add_up_and_the_last_match_wins(tmp_path: Path) -> None:
    make(
        tmp_path,
        "data/big.csv",
        "data/small.csv",
        "notes/a.md",
        "tests/test_a.py",
        yaml='dag_id: hello\nexclude_paths: ["*.csv", "tests/"]\n',
        ignore="# comment\n/notes/**\n!small.csv\n!leoflow.yaml\n",
    )
    assert names(tmp_path) == ["dag.py", "data/small.csv", "leoflow.yaml"]


def test_only_what_is_included_goes_in(tmp_path: Path) -> None:
    make(tmp_path, "lib/a.py", "other/b.py", yaml="dag_id: hello\ninclude_paths: [dag.py, lib]\n")
    assert names(tmp_path) == ["dag.py", "lib/a.py"]


def test_a_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    make(tmp_path, "real.sql")
    (tmp_path / "link.sql").symlink_to("real.sql")
    assert names(tmp_path) == ["dag.py", "link.sql", "real.sql"]


def test_links_that_cannot_go_in_are_refused_by_name(tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    root = tmp_path / "project"
    root.mkdir()
    make(root, "lib/a.py")
    (root / "away").symlink_to(outside)
    (root / "broken").symlink_to("nothing")
    (root / "folder").symlink_to("lib")
    (root / "loop").symlink_to("loop")
    assert refusals(root) == [
        "LF013 the link `away` leads out of the project",
        "LF013 the link `broken` leads nowhere",
        "LF013 the link `folder` points to a folder",
        "LF013 the link `loop` leads nowhere",
    ]


def test_an_included_folder_behind_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    root = tmp_path / "project"
    root.mkdir()
    make(root, yaml="dag_id: hello\ninclude_paths: [dag.py, away/deep]\n")
    (root / "away").symlink_to(tmp_path / "outside")
    assert refusals(root) == ["LF013 `away/deep` is behind a link out of the project"]


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert refusals(tmp_path) == ["LF014 `s` is not an ordinary file"]


def test_an_undecodable_name_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("")
    assert refusals(tmp_path) == ["LF014 the name of the file 'caf\\udce9.txt' is not valid UTF-8"]


def test_size_and_number_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a", "b", "c")
    monkeypatch.setattr(bundle, "MAX_FILES", 3)
    assert refusals(tmp_path) == ["LF015 the project has more than 3 files"]
    monkeypatch.setattr(bundle, "MAX_FILES", 100)
    monkeypatch.setattr(bundle, "MAX_BYTES", 0)
    assert refusals(tmp_path) == ["LF015 the files of the project are larger than 0 MiB in all"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"dag_id: caf\xe9\n", "LF002 leoflow.yaml is not UTF-8 (byte 0xe9 in line 1)"),
        (b"#" * (1024 * 1024 + 1), "LF002 leoflow.yaml is larger than 1 MiB"),
        (b"dag_id: a\x00b\n", "LF003 the file contains the character U+0000, which YAML does not allow"),
    ],
    ids=["latin-1", "large", "nul"],
)
def test_a_config_that_is_no_text_is_one_problem(tmp_path: Path, content: bytes, told: str) -> None:
    make(tmp_path)
    (tmp_path / "leoflow.yaml").write_bytes(content)
    assert refusals(tmp_path) == [told]


def test_a_missing_config_and_a_folder_in_its_place(tmp_path: Path) -> None:
    assert refusals(tmp_path) == ["LF001 there is no leoflow.yaml here"]
    (tmp_path / "leoflow.yaml").mkdir()
    assert refusals(tmp_path) == ["LF002 leoflow.yaml is a folder, not a file"]


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "leoflow.yaml").write_bytes(b"\xef\xbb\xbfdag_id: hello\n")
    assert "dag.py" in names(tmp_path)


def test_places_are_those_of_the_keys(tmp_path: Path) -> None:
    make(tmp_path, yaml="dag_id: hello\ntags: [a,\n  b]\ntasks:\n  load:\n    retries: 2\n")
    project, _ = load_project(tmp_path)
    assert project is not None

    def place(*keys: str | int) -> tuple[int, int]:
        span = project.location_of(*keys)
        return span.line, span.column

    assert place("tags", 1) == (3, 3)
    assert place("tasks", "load", "retries") == (6, 5)
    assert place("tasks", "load", "env") == (5, 3)  # the nearest that is there
    assert place("staging") == (1, 0)


def test_the_projects_of_a_workspace(tmp_path: Path) -> None:
    for folder in ("a", "a/nested", "b/c", ".hidden", "node_modules/x", "venv/y", "env"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "leoflow.yaml").write_text("dag_id: x\n")
    (tmp_path / "env" / "lib").mkdir()
    (tmp_path / "env" / "lib" / "leoflow.yaml").write_text("")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in find_projects(tmp_path)]
    assert found == ["a", "a/nested", "b/c"]
