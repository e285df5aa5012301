"""The pass `suppress`: `# leoflow: ignore[LF311] reason` takes warnings back.

On a line of code it is about that line; alone before the first statement, about the whole file. In
`leoflow.yaml` it is about its line.
Errors cannot be taken back: there is no document without what they are about.
"""

from __future__ import annotations

import contextlib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import field

from leoflow_compiler.diagnostics import Code, Diagnostic, Span
from leoflow_compiler.diagnostics.catalogue import find_code
from leoflow_compiler.diagnostics.catalogue.source import UNUSED_IGNORE, WRONG_IGNORE
from leoflow_compiler.lower.result import Compilation
from leoflow_compiler.project.records import CONFIG_FILE
from leoflow_runtime.light import dataclass

_YAML_COMMENT = re.compile(r"(?:^|\s)(#\s*leoflow:\s*ignore\b)")
_COMMENT = re.compile(r"#\s*leoflow:\s*ignore\b(?:\[([^\]]*)\])?(.*)")


@dataclass(kw_only=True, slots=True)
class _Ignore:
    file: str
    line: int
    column: int
    whole_file: bool
    names: list[str]
    used: set[str] = field(default_factory=set)

    @property
    def span(self) -> Span:
        return Span(file=self.file, line=self.line, column=self.column)


def suppress(compilation: Compilation) -> None:
    """Removes the warnings that the sources ignore, and tells which comments ignore nothing."""
    ignores = [one for file, text in _texts(compilation) for one in _ignores(file, text)]
    if not ignores:
        return
    compilation.diagnostics[:] = [
        item for item in compilation.diagnostics if item.severity == "error" or not _ignored(item, ignores)
    ]
    for ignore in ignores:
        for diagnostic in _complaints(ignore, compilation):
            compilation.add(diagnostic)


def _texts(compilation: Compilation) -> Iterator[tuple[str, str]]:
    """The files that were evaluated, the settings, and other files that a warning is about."""
    project = compilation.project
    sources = compilation.interpreter.sources if compilation.interpreter is not None else {}
    texts = {path: source.text for path, source in sources.items()}
    warned = {item.span.file for item in compilation.diagnostics if item.span is not None}
    for path in sorted({CONFIG_FILE, *warned} - set(texts)):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts[path] = project.files.get(path, project.root / path).read_text("utf-8")
    for path, text in texts.items():
        if "leoflow:" in text:
            yield path, text


def _ignores(file: str, text: str) -> Iterator[_Ignore]:
    return _in_yaml(file, text) if file == CONFIG_FILE else _in_python(file, text)


def _in_yaml(file: str, text: str) -> Iterator[_Ignore]:
    for number, line in enumerate(text.splitlines(), 1):
        match = _YAML_COMMENT.search(line)
        if match is not None:
            yield _Ignore(
                file=file,
                line=number,
                column=match.start(1) + 1,
                whole_file=False,
                names=_names(_COMMENT.match(line[match.start(1) :])),
            )


def _names(match: re.Match[str] | None) -> list[str]:
    listed = match[1] if match is not None else None
    return [name.strip() for name in (listed or "").split(",") if name.strip()]


def _in_python(file: str, text: str) -> Iterator[_Ignore]:
    code_seen = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and (match := _COMMENT.match(token.string)):
                alone = token.line[: token.start[1]].strip() == ""
                yield _Ignore(
                    file=file,
                    line=token.start[0],
                    column=token.start[1] + 1,
                    whole_file=alone and not code_seen,
                    names=_names(match),
                )
            elif token.type in (tokenize.NAME, tokenize.OP):
                code_seen = True
    except (tokenize.TokenError, SyntaxError):
        return  # the guard has read the file; whatever tokenize dislikes has no comments for us


def _ignored(item: Diagnostic, ignores: list[_Ignore]) -> bool:
    hit = False
    for ignore in ignores:
        span = item.span
        if span is None or span.file != ignore.file or item.code.code not in _codes(ignore):
            continue
        if ignore.whole_file or span.line <= ignore.line <= max(span.line, span.end_line):
            ignore.used.add(item.code.code)
            hit = True
    return hit


def _codes(ignore: _Ignore) -> set[str]:
    return {code.code for name in ignore.names if (code := find_code(name)) is not None}


def _complaints(ignore: _Ignore, compilation: Compilation) -> Iterator[Diagnostic]:
    if not ignore.names:
        message = "an ignore names the codes that it is about"
        advice = "write `# leoflow: ignore[LF311] the reason`"
        yield Diagnostic(code=WRONG_IGNORE, message=message, span=ignore.span, help=advice)
    for name in ignore.names:
        code: Code | None = find_code(name)
        if code is None:
            message = f"there is no code `{name}` to ignore"
            advice = "`leoflow explain --list` shows all codes"
            yield Diagnostic(code=WRONG_IGNORE, message=message, span=ignore.span, help=advice)
        elif code.severity == "error":
            message = f"{code.code} is an error, which cannot be ignored"
            yield Diagnostic(code=WRONG_IGNORE, message=message, span=ignore.span)
        elif code.code not in ignore.used and not compilation.failed:
            message = f"nothing here is {code.code}, so there is nothing to ignore"
            yield Diagnostic(code=UNUSED_IGNORE, message=message, span=ignore.span, help="remove the comment")
