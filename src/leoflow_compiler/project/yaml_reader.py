"""YAML text as plain values, with the place of each and a diagnostic for every duplicate key."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import yaml

from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.records import Diagnostic, Note, Span
from leoflow_compiler.project.records import KeyPath, Place
from leoflow_runtime.light import dataclass

# libyaml parses and composes at C speed; it is missing only from builds without it.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_MORE_LINE_BREAKS = "\x85\u2028\u2029"
MAX_DEPTH = 50
MAX_VALUES = 20_000  # aliases count each time that they are used


@dataclass(frozen=True, kw_only=True, slots=True)
class YamlDocument:
    """`value` is None for a file without content and for one that cannot be read (see `diagnostics`)."""

    value: Any
    places: dict[KeyPath, Place]
    raw_scalars: dict[KeyPath, str]  # scalars as written, without quotes
    diagnostics: tuple[Diagnostic, ...]


def read_yaml(text: str, file: str) -> YamlDocument:
    """Reads the only document of `text`; `file` names it in spans."""
    reader = _Reader(file=file, text=text)
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=_Loader)
        value = reader.value(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        return YamlDocument(value=None, places={}, raw_scalars={}, diagnostics=(_syntax(error, text, file),))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the file contains the character U+{_code_point(error):04X}, which YAML does not allow"
        problem = Diagnostic(code=codes.YAML_SYNTAX, message=message, span=Span(file=file, line=line))
        return YamlDocument(value=None, places={}, raw_scalars={}, diagnostics=(problem,))
    return YamlDocument(
        value=value,
        places=reader.places,
        raw_scalars=reader.raw_scalars,
        diagnostics=tuple(reader.diagnostics),
    )


def _check_depth(text: str) -> None:
    """Events come without recursion, so that hostile nesting is refused before anything recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                mark: Any = event.start_mark
                raise yaml.MarkedYAMLError(
                    problem=f"values are nested more than {MAX_DEPTH} deep", problem_mark=mark
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


@dataclass(kw_only=True, slots=True)
class _Reader:
    file: str
    text: str
    places: dict[KeyPath, Place] = field(default_factory=dict)
    raw_scalars: dict[KeyPath, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    scalars: yaml.SafeLoader = field(default_factory=lambda: yaml.SafeLoader(""))
    values: int = 0
    open_nodes: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.values += 1
        if self.values > MAX_VALUES:
            raise yaml.MarkedYAMLError(
                problem=f"the file has more than {MAX_VALUES:,} values", problem_mark=node.start_mark
            )
        if id(node) in self.open_nodes:
            raise yaml.MarkedYAMLError(problem="a value contains itself", problem_mark=node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            self.raw_scalars[path] = node.value
            return self._scalar(node)
        if node.tag not in _PLAIN_TAGS:
            raise yaml.MarkedYAMLError(
                problem=f"the tag {node.tag!r} has no meaning here", problem_mark=node.start_mark
            )
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)
            return self._mapping(node, path)
        finally:
            self.open_nodes.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.scalars.construct_object(node)
        except (ValueError, OverflowError) as error:
            # A date such as 2024-13-45 looks like one and is none.
            raise yaml.MarkedYAMLError(
                problem=f"{node.value!r} cannot be read ({error}); put it in quotes if it is text",
                problem_mark=node.start_mark,
            ) from error

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        span = self._span(node)
        self.places[path] = Place(key=span, value=span)
        return self.value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        first: dict[str, Span] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = {**self._merge(value_node, path), **merged}
                continue
            key = self._key(key_node)
            span = self._span(key_node)
            if key in first:
                self.diagnostics.append(
                    Diagnostic(
                        code=codes.DUPLICATE_KEY,
                        message=f"the key `{key}` stands twice in the same mapping",
                        span=span,
                        notes=(Note(message="first here", span=first[key]),),
                        help="keep one of the two",
                    )
                )
                continue
            first[key] = span
            self.places[(*path, key)] = Place(key=span, value=self._span(value_node))
            result[key] = self.value(value_node, (*path, key))
        return {**merged, **result}

    def _merge(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in sources:
            value = self.value(source, path)
            if not isinstance(value, dict):
                raise yaml.MarkedYAMLError(
                    problem="`<<` can only merge a mapping", problem_mark=source.start_mark
                )
            merged = {**value, **merged}
        return merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=node.start_mark)
        # `3: …` and `on: …` are keys named "3" and "on" here: every key of this file is text.
        return str(node.value)

    def _span(self, node: yaml.Node) -> Span:
        line, column = position(node.start_mark, self.text)
        end_line, end_column = position(node.end_mark, self.text)
        return Span(file=self.file, line=line, column=column, end_line=end_line, end_column=end_column)


def position(mark: Any, text: str) -> tuple[int, int]:
    """Line and column as editors count them: YAML begins new lines at a few more characters."""
    if not any(character in text for character in _MORE_LINE_BREAKS):
        return mark.line + 1, mark.column + 1
    begin = text.rfind("\n", 0, mark.index) + 1
    return text.count("\n", 0, mark.index) + 1, mark.index - begin + 1


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = position(mark, text) if mark else (1, 0)
    span = Span(file=file, line=line, column=column)
    notes: tuple[Note, ...] = ()
    if error.context and error.context_mark and error.context_mark.line + 1 != span.line:
        line, column = position(error.context_mark, text)
        place = Span(file=file, line=line, column=column)
        notes = (Note(message=error.context, span=place),)
    problem = (error.problem or "the file cannot be read").removeprefix("but ")
    hint = None
    lines = text.splitlines()
    if span.line <= len(lines) and "\t" in lines[span.line - 1][: span.column]:
        hint = "indent with spaces; YAML does not allow tabs"
    return Diagnostic(
        code=codes.YAML_SYNTAX,
        message=f"not valid YAML: {problem}",
        span=span,
        notes=notes,
        help=hint,
    )


def _code_point(error: yaml.reader.ReaderError) -> int:
    character = error.character
    return character if isinstance(character, int) else ord(character[:1])
