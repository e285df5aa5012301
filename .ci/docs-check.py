"""Checks that every relative link in the documents leads to a file, and every anchor to a heading."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub and MkDocs give to the headings of a page."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in plain}


def problems(page: Path) -> list[str]:
    """One sentence for each link of `page` that leads nowhere."""
    found = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(f"{page.relative_to(ROOT)}: {target} does not exist")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8")):
            found.append(f"{page.relative_to(ROOT)}: {target} has no such heading")
    return found


def named(navigation: object) -> list[str]:
    """Every page that mkdocs.yml lists."""
    if isinstance(navigation, str):
        return [navigation]
    values = navigation.values() if isinstance(navigation, dict) else navigation
    assert not isinstance(values, str)
    return [page for value in values for page in named(value)]  # type: ignore[union-attr]


def main() -> int:
    pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    found = [problem for page in pages for problem in problems(page)]
    listed = named(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    found += [
        f"mkdocs.yml: docs/{page} does not exist" for page in listed if not (ROOT / "docs" / page).exists()
    ]
    there = {page.name for page in (ROOT / "docs").glob("*.md")}
    found += [f"mkdocs.yml: docs/{page} is not in the navigation" for page in sorted(there - set(listed))]
    print("\n".join(found) if found else f"{len(pages)} documents, every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
