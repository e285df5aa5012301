"""The pages of the catalogue: what `leoflow explain` prints and what docs/diagnostics holds, a page a code.

`make diagnostics` renews the latter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from leoflow_compiler.diagnostics.catalogue import all_codes
from leoflow_compiler.diagnostics.records import Code

_HEAD = """\
# Diagnostics

Every problem that the compiler reports has a stable code, and a page that `leoflow explain CODE` prints too.
These pages are generated from the catalogue; do not edit them.
"""
_FAMILIES = {
    "LF0": "leoflow.yaml and the files of a project",
    "LF1": "The file as Python",
    "LF2": "What the top level of the file does",
    "LF3": "Airflow's words",
    "LF4": "The graph",
    "LF5": "The document",
    "LF6": "What compiles, and is probably not what was wanted",
}


def page(code: Code) -> str:
    """One code in Markdown: what it says, why it matters, what to write instead."""
    parts = [f"# {code.code} {code.name} ({code.severity})", code.summary, code.explanation.strip()]
    told = "Refused:" if code.severity == "error" else "Warned of:"
    for title, example in ((told, code.bad), ("Accepted:", code.good)):
        if example:
            parts.append(f"{title}\n\n```{_language(code)}\n{example.rstrip()}\n```")
    if code.severity == "warning":
        parts.append(f"To keep it as it is, end the line with `# leoflow: ignore[{code.code}]`.")
    return "\n\n".join(parts) + "\n"


def pages(codes: Iterable[Code] | None = None) -> dict[str, str]:
    """The whole catalogue: Markdown by file name, an index among them."""
    known = tuple(all_codes() if codes is None else codes)
    found = {f"{code.code}.md": page(code) for code in known}
    index = [_HEAD]
    for family, members in groupby(known, key=lambda code: code.code[:3]):
        index.append(f"## {_FAMILIES[family]}\n\n| code | name | what it says |\n|---|---|---|")
        index += [f"| [{code.code}]({code.code}.md) | {code.name} | {code.summary} |" for code in members]
        index.append("")
    return {"index.md": "\n".join(index), **found}


def _language(code: Code) -> str:
    return "yaml" if code.code.startswith("LF0") else "python"


def write(folder: Path) -> None:
    """Brings the pages in `folder` up to date; those of codes that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    current = pages()
    for stale in (file for file in folder.glob("*.md") if file.name not in current):
        stale.unlink()
    for name, text in current.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
