"""Which paths a list of patterns excludes, in the manner of `.gitignore`.

A pattern without a slash matches a name at any depth; one with a slash is anchored at the project. A trailing
slash restricts it to folders, `**` stands for any number of folders, `!` brings a path back; the last match
wins. A folder that is excluded is not entered, so nothing below it can be brought back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from leoflow_runtime.light import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One line, taken apart."""

    segments: tuple[str, ...]
    folders_only: bool
    keeps: bool  # written with `!`
    # How the last name of a path must begin and end: only for few that do is a regular expression made.
    begins: str
    ends: str

    @classmethod
    @lru_cache(1024)  # every project has the default ones
    def parse(cls, line: str) -> Pattern | None:
        """None for an empty line and for a comment."""
        text = line.strip()
        if not text or text.startswith("#"):
            return None
        keeps = text.startswith("!")
        text = text.removeprefix("!")
        folders_only = text.endswith("/")
        text = text.rstrip("/")
        anchored = "/" in text
        text = text.removeprefix("./").lstrip("/")
        if not text:
            return None
        segments = tuple(text.split("/")) if anchored else ("**", text)
        begins, ends = _literal_ends(segments[-1])
        return cls(segments=segments, folders_only=folders_only, keeps=keeps, begins=begins, ends=ends)

    def matches(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if not (name.startswith(self.begins) and name.endswith(self.ends)):
            return False
        if self.segments == ("**", name) and self.begins == name:
            return True  # no sign of a glob in it
        return _regex(self.segments).fullmatch(path) is not None


def parse_patterns(lines: Iterable[str]) -> tuple[Pattern, ...]:
    return tuple(pattern for line in lines if (pattern := Pattern.parse(line)) is not None)


def is_excluded(path: str, *, folder: bool, patterns: Iterable[Pattern]) -> bool:
    """Whether the POSIX `path`, relative to the project, is excluded; its parents are not asked."""
    excluded = False
    for pattern in patterns:
        if excluded == pattern.keeps and (folder or not pattern.folders_only) and pattern.matches(path):
            excluded = not pattern.keeps
    return excluded


def _literal_ends(segment: str) -> tuple[str, str]:
    """What stands before the first and behind the last sign of a glob; behind a bracket nothing counts."""
    signs = [index for index, character in enumerate(segment) if character in "*?["]
    if not signs:
        return segment, segment
    return segment[: signs[0]], "" if "[" in segment else segment[signs[-1] + 1 :]


@lru_cache(1024)
def _regex(segments: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_translate(segments))


def _translate(segments: Sequence[str]) -> str:
    parts: list[str] = []
    last = len(segments) - 1
    for index, segment in enumerate(segments):
        if segment == "**":
            parts.append(".+" if index == last else "(?:[^/]+/)*")
        else:
            parts.append(_segment(segment) + ("" if index == last else "/"))
    return "".join(parts)


def _segment(glob: str) -> str:
    """fnmatch within one segment: `*` and `?` never match a slash."""
    result, position = "", 0
    while position < len(glob):
        character = glob[position]
        negated = glob[position + 1 : position + 2] in ("!", "^")
        closing = glob.find("]", position + (3 if negated else 2)) if character == "[" else -1
        if character == "*":
            result += "[^/]*"
        elif character == "?":
            result += "[^/]"
        elif closing > 0:
            body = glob[position + 1 : closing]
            body = (
                (body[1:] if negated else body).replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
            )
            result += f"(?!/)[{'^' if negated else ''}{body}]"
            position = closing
        else:
            result += re.escape(character)
        position += 1
    return result
