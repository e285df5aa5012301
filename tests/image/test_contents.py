"""What is in the layers beside the project's own files."""

from __future__ import annotations

import marshal
import sys
from pathlib import Path

from leoflow_compiler.image import contents, layout
from leoflow_compiler.image.contents import interpreter
from leoflow_compiler.image.report import Report

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_bytecode_knows_its_place_in_the_image_and_no_times(tmp_path: Path) -> None:
    python = interpreter(HERE)
    assert python is not None
    written = []
    # A folder that is called `tests` itself must not keep the packages in it from being compiled.
    for place in ("first", "tests"):
        folder = tmp_path / place
        (folder / "shop" / "tests").mkdir(parents=True)
        (folder / "shop" / "__init__.py").write_text("x = 1\n")
        (folder / "shop" / "tests" / "test_shop.py").write_text("")
        (folder / "shop" / "other_python.py").write_text("print 1\n")
        contents.compile_bytecode(folder, layout.PACKAGES, python)
        written.append({p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.pyc")})
    assert written[0] == written[1]
    tag = sys.implementation.cache_tag
    assert [str(path) for path in written[0]] == [f"shop/__pycache__/__init__.{tag}.pyc"]
    code = marshal.loads(written[0].popitem()[1][16:])
    assert code.co_filename == "/opt/leoflow/packages/shop/__init__.py"


def test_there_is_no_interpreter_for_a_python_from_the_future() -> None:
    assert interpreter("3.99") is None


def test_scripts_find_python_by_name_and_their_records_agree(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "shop"
    script.write_text(f"#!{sys.executable}\nprint('open')\n")
    script.chmod(0o755)
    info = tmp_path / "shop-1.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("../../bin/shop,sha256=old,1\nshop-1.dist-info/RECORD,,\n")
    assert contents.make_portable(tmp_path) == {"bin/shop"}
    assert script.read_text() == "#!/usr/bin/env python3\nprint('open')\n"
    (size,) = [line.rpartition(",")[2] for line in (info / "RECORD").read_text().splitlines()[:1]]
    assert int(size) == script.stat().st_size


def test_the_runtime_layer_holds_the_agent_and_nothing_of_the_control_plane() -> None:
    found = contents.runtime()
    folders = {path.split("/")[4] for path in found if path.startswith(f"{layout.SITE}/leoflow_runtime/")}
    assert {"agent", "zygote", "child", "facade", "wire"} <= folders
    assert not {"engine", "executors", "oci", "schedule", "__pycache__"} & folders
    assert layout.AGENT in found


def test_a_report_says_a_thing_once() -> None:
    report = Report()
    report.note("no bytecode")
    report.note("no bytecode")
    assert report.notes == ["no bytecode"]
