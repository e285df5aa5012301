"""The pages of the catalogue: what `leoflow explain` prints and what docs/diagnostics.md holds.

`python -m leoflow_compiler.diagnostics.reference > docs/diagnostics.md` renews the latter.
"""

from __future__ import annotations

from collections.abc import Iterable

from leoflow_compiler.diagnostics.catalogue import all_codes
from leoflow_compiler.diagnostics.records import Code

_HEAD = """\
# Diagnostics

Every problem that the compiler reports has a stable code. `leoflow explain CODE` prints the same pages.
This file is generated from the catalogue; do not edit it.
"""


def page(code: Code) -> str:
    """One code in Markdown: what it says, why it matters, what to write instead."""
    parts = [f"## {code.code} {code.name} ({code.severity})", code.summary, code.explanation.strip()]
    for title, example in (("Refused:", code.bad), ("Accepted:", code.good)):
        if example:
            parts.append(f"{title}\n\n```{_language(code)}\n{example.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def reference(codes: Iterable[Code] | None = None) -> str:
    """The whole catalogue as one Markdown document, with an index."""
    known = tuple(all_codes() if codes is None else codes)
    index = "\n".join(f"- `{code.code}` {code.name}: {code.summary}" for code in known)
    return "\n".join([_HEAD, index + "\n", *(page(code) for code in known)])


def _language(code: Code) -> str:
    return "yaml" if code.code.startswith("LF0") else "python"


if __name__ == "__main__":
    print(reference(), end="")
