"""What the compiler says to people, as values. Renderers and exit codes are elsewhere."""

from __future__ import annotations

from typing import Literal

from leoflow_runtime.light import dataclass

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """A stretch of one file. Lines and columns start at 1; the end column is exclusive.

    `column` 0: the whole line is meant (positions of columns cost time and are taken only when needed).
    """

    file: str  # relative to the project
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A second place that explains the first: "made unknown here"."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One kind of problem: the single source of its message family, its `explain` page and its docs page.

    Each lives in `catalogue/`, in the module of its family; `bad` and `good` are complete small programs
    (or yaml) that the tests compile.
    """

    code: str  # LF201
    name: str  # opaque-structure
    severity: Severity = "error"
    summary: str  # one line
    explanation: str  # what it does, why it matters, what to do; Markdown
    bad: str = ""
    good: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One problem at one place."""

    code: Code
    message: str  # one sentence, names the thing
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str | None = None  # what to write instead
    fixable: bool = False  # `validate --fix` writes it

    @property
    def severity(self) -> Severity:
        return self.code.severity
