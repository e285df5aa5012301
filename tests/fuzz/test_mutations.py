"""Damaged files: whatever the bytes are, the compiler ends in time, with a document or with reasons."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.targets import Target
from leoflow_compiler.source.guard import MAX_BYTES

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SEED = int(os.environ.get("LEOFLOW_SEED", "0")) if not EXAMPLES else random.randrange(1 << 32)
SOURCES = sorted(
    path.parent for path in (Path(__file__).parents[2] / "examples").rglob("leoflow.yaml")
) + sorted(path.parent for path in (Path(__file__).parents[1] / "compiler" / "cases").glob("*/leoflow.yaml"))
ROUNDS = max(EXAMPLES // 10, 3)

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(max(120, EXAMPLES))]

PIECES = [
    *(b'( ) [ { } : , = * ** \\ " \' """ {{ }} {% None 0 -1 >> << == # @ ; ... := ->'.split()),
    *(b"\t", b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", "é".encode(), b"9" * 30, b"- ", b"? ", b"| "),
    *(b"lambda: ", b"await ", b"yield ", b"return ", b"global x\n", b"del ", b"raise ", b"import os\n"),
    *(b"while True: pass\n", b"for _ in iter(int, 1): pass\n", b"match 1:\n", b"if x:\n", b"try:\n"),
    *(
        b"&a [*a]",
        b"!!python/object:os.system x",
        b"__class__",
        b".__globals__",
        b"10**10**10",
        b"'x' * 10**9",
    ),
]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """A few cuts, copies, swaps and insertions."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randint(0, len(data))
        end = min(len(data), start + dice.choice((1, 1, 2, 5, 20, 80)))
        way = dice.randint(0, 5)
        if way == 0:
            data = data[:start] + data[end:]
        elif way == 1:
            data = data[:start] + dice.choice(PIECES) + data[start:]
        elif way == 2:
            data = data[:start] + data[start:end] * 2 + data[end:]
        elif way == 3:
            data = data[:start] + bytes([dice.randrange(256)]) + data[start + 1 :]
        elif way == 4:
            lines = data.splitlines(keepends=True)
            dice.shuffle(lines) if dice.random() < 0.1 else lines.insert(
                dice.randint(0, len(lines)), dice.choice(lines or [b""])
            )
            data = b"".join(lines)
        else:
            data = data[:start] + dice.choice(PIECES) + data[end:]
    return data[: MAX_BYTES * 2]


@pytest.mark.parametrize("folder", SOURCES, ids=lambda path: path.name)
def test_damage_is_refused_or_compiled(folder: Path, tmp_path: Path) -> None:
    project = tmp_path / folder.name
    shutil.copytree(folder, project)
    dice = random.Random(f"{SEED} {folder.name}")
    for number in range(ROUNDS):
        declares = not (folder / "dag.py").is_file()  # the DAG is in leoflow.yaml
        name = "leoflow.yaml" if declares or number % 3 == 2 else "dag.py"
        data = damaged((folder / name).read_bytes(), dice)
        (project / name).write_bytes(data)

        result = compile_target(Target(folder=project, label=project.name), None)

        told = [f"{item.code.code} {item.message}" for item in result.diagnostics]
        assert result.document is not None or told, data
        assert not any(one.startswith(("LF501", "LF104")) for one in told), (
            told,
            data.decode("utf-8", "replace"),
        )
        shutil.copy(folder / name, project / name)
