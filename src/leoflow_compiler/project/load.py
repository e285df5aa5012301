"""A folder with a `leoflow.yaml`, read, checked and made a `Project`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.outcome import in_order
from leoflow_compiler.diagnostics.records import Code, Diagnostic, Span
from leoflow_compiler.project.bundle import Bundle
from leoflow_compiler.project.patterns import Pattern, parse_patterns
from leoflow_compiler.project.records import (
    CONFIG_FILE,
    IGNORE_FILE,
    KeyPath,
    Place,
    Project,
    ProjectConfig,
)

MAX_CONFIG_BYTES = 1024 * 1024


ReadConfig = tuple[
    Any, dict[KeyPath, Place]
]  # the value of a `leoflow.yaml`, and where each part of it stands


class KnownConfigs(Protocol):
    """Remembers what clean texts of `leoflow.yaml` say: reading them again costs more than all the rest."""

    def recall(self, text: str) -> ReadConfig | None: ...

    def remember(self, text: str, config: ReadConfig) -> None: ...


def load_project(
    path: Path, *, known: KnownConfigs | None = None
) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    """Reads the project in the folder `path`. The project is None when any diagnostic is an error."""
    root = path.resolve()
    text = _read_text(root / CONFIG_FILE, CONFIG_FILE)
    if isinstance(text, Diagnostic):
        return None, (text,)
    read = known.recall(text) if known is not None else None
    if read is None:
        read, diagnostics = _read_config(text)
        if diagnostics:
            return None, in_order(diagnostics)
        if known is not None:
            known.remember(text, read)
    value, places = read
    config = ProjectConfig.from_document(value)
    patterns, problem = _patterns(root, config)
    if problem is not None:
        return None, (problem,)
    project = Project(root=root, config=config, files={}, places=places, patterns=patterns)
    bundle = _gather(project)
    if bundle.diagnostics:
        return None, in_order(bundle.diagnostics)
    project = replace(project, files=dict(sorted(bundle.files.items())))
    return (project, ()) if config.dag is None else _declared(project)


def _declared(project: Project) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    """The project with the file that its declaration means, written beside it."""
    from leoflow_compiler.atomic import write_atomically
    from leoflow_compiler.project.declared import DECLARED_SOURCE, check_declared, declared, place

    problems = tuple(check_declared(project))
    if problems:
        return None, in_order(problems)
    data = declared(project).text.encode()
    file = place(project.root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_bytes() != data:
            write_atomically(file, data)
    except OSError as error:
        message = f"{DECLARED_SOURCE} cannot be written: {error.strerror}"
        return None, (
            Diagnostic(code=codes.CONFIG_UNREADABLE, message=message, span=project.location_of("dag")),
        )
    files = dict(sorted({**project.files, DECLARED_SOURCE: file}.items()))
    return replace(project, files=files, config=replace(project.config, dag_source=DECLARED_SOURCE)), ()


def _read_config(text: str) -> tuple[ReadConfig, list[Diagnostic]]:
    # Imported late: a text that is known needs neither.
    from leoflow_compiler.project.schema_check import check_config
    from leoflow_compiler.project.yaml_reader import read_yaml

    document = read_yaml(text, CONFIG_FILE)
    diagnostics = list(document.diagnostics)
    if document.value is not None or not diagnostics:
        diagnostics.extend(check_config(document))
    return (document.value, document.places), diagnostics


def _patterns(root: Path, config: ProjectConfig) -> tuple[tuple[Pattern, ...], Diagnostic | None]:
    """What `exclude_paths` and the ignore file say together."""
    ignore_file = root / IGNORE_FILE
    if not ignore_file.exists():
        return parse_patterns(config.exclude_paths), None
    text = _read_text(ignore_file, IGNORE_FILE)
    if isinstance(text, Diagnostic):
        return (), text
    return parse_patterns([*config.exclude_paths, *text.splitlines()]), None


def _gather(project: Project) -> Bundle:
    bundle = Bundle(root=project.root, patterns=project.patterns)
    for index, entry in enumerate(project.config.include_paths):
        bundle.add(entry, project.location_of("include_paths", index))
    problem = _source_problem(project, bundle) if project.config.dag is None else _both(project)
    if problem is not None:
        bundle.diagnostics.append(problem)
    return bundle


def _both(project: Project) -> Diagnostic | None:
    if not project.source_path.is_file():
        return None
    message = f"the project declares its DAG in {CONFIG_FILE} and has a `{project.config.dag_source}` as well"
    span = project.location_of("dag")
    return Diagnostic(code=codes.BAD_DECLARATION, message=message, span=span, help="keep one of them")


def _source_problem(project: Project, bundle: Bundle) -> Diagnostic | None:
    source = project.config.dag_source
    path = PurePosixPath(source)
    span = project.location_of("dag_source")
    if path.is_absolute() or ".." in path.parts:
        return Diagnostic(code=codes.PATH_OUTSIDE, message=f"`{source}` leads out of the project", span=span)
    if not source.endswith(".py"):
        return Diagnostic(code=codes.WRONG_VALUE, message="`dag_source` must name a .py file", span=span)
    if str(path) in bundle.files or bundle.full:
        return None
    if project.source_path.is_file():
        if bundle.diagnostics:
            return None  # most likely the reason
        return Diagnostic(
            code=codes.SOURCE_MISSING,
            message=f"the DAG file `{source}` is not among the files of the bundle",
            span=span,
            help="no pattern of exclude_paths or .leoflowignore may cover it, and include_paths must",
        )
    return Diagnostic(
        code=codes.SOURCE_MISSING,
        message=f"the DAG file `{source}` does not exist",
        span=span,
        help="create it, or name another file with `dag_source: …`",
    )


def _read_text(file: Path, name: str) -> str | Diagnostic:
    def refused(code: Code, message: str, span: Span | None = None) -> Diagnostic:
        return Diagnostic(code=code, message=message, span=span)

    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return refused(codes.CONFIG_MISSING, f"there is no {name} here")
    except IsADirectoryError:
        return refused(codes.CONFIG_UNREADABLE, f"{name} is a folder, not a file")
    except OSError as error:
        return refused(codes.CONFIG_UNREADABLE, f"{name} cannot be read: {error.strerror}")
    if len(data) > MAX_CONFIG_BYTES:
        return refused(codes.CONFIG_UNREADABLE, f"{name} is larger than 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{name} is not UTF-8 (byte 0x{data[error.start]:02x} in line {line})"
        return refused(codes.CONFIG_UNREADABLE, message)
