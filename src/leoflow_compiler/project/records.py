"""A project as values: its settings, its files, and where each setting stands in `leoflow.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from leoflow_compiler.diagnostics.records import Span
from leoflow_compiler.project.patterns import Pattern, is_excluded
from leoflow_runtime.light import dataclass

CONFIG_FILE = "leoflow.yaml"
IGNORE_FILE = ".leoflowignore"
LOCK_FILE = "leoflow.lock"

# What no bundle should hold unless a pattern with `!` asks for it. The settings themselves are in `dag.json`.
ALWAYS_EXCLUDED = (
    ".git",
    "__pycache__",
    "*.pyc",
    ".venv",
    "venv",
    ".leoflow",
    "dag.json",
    ".env*",
    f"/{CONFIG_FILE}",
    f"/{IGNORE_FILE}",
    f"/{LOCK_FILE}",
)

Runtime = Literal["auto", "lean", "airflow-sdk"]
# Where a value stands: keys and list indices from the root of the file.
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildConfig:
    dockerfile: str | None = None
    context: str = "."
    platforms: tuple[str, ...] = ("linux/amd64",)
    labels: Mapping[str, str] = field(default_factory=dict)
    platform_tag: str | None = None  # which wheels the base can load, such as "manylinux_2_36"
    compression: Literal["gzip", "zstd"] = "gzip"


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryConfig:
    url: str | None = None
    auth_method: Literal["docker_config", "env", "iam"] = "docker_config"
    image_name: str | None = None  # None: the dag_id
    tag_strategy: Literal["version", "git_sha", "git_tag", "custom"] = "version"
    cache: str | None = None  # a repository for layers that several machines share; None: the image's


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectConfig:
    """The keys of `leoflow.yaml`, defaults filled in."""

    dag_id: str
    schema_version: str = "1.0"
    description: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    python_version: str = "3.11"
    base_image: str | None = None
    dependencies: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    dag_source: str = "dag.py"
    include_paths: tuple[str, ...] = (".",)
    exclude_paths: tuple[str, ...] = ALWAYS_EXCLUDED  # the built-in patterns, then the project's own
    build: BuildConfig = field(default_factory=BuildConfig)
    registry: RegistryConfig = field(default_factory=RegistryConfig)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    staging: Mapping[str, Any] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    connectors: tuple[str, ...] = ()
    compile_env: Mapping[str, str] = field(default_factory=dict)
    runtime: Runtime = "auto"
    dag: Mapping[str, Any] | None = None  # the declared DAG, where there is no dag.py

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ProjectConfig:
        """Reads a document that satisfies `schemas/leoflow-yaml.schema.json`."""
        values = {key: _frozen(value) for key, value in document.items() if key in cls.__dataclass_fields__}
        values["exclude_paths"] = ALWAYS_EXCLUDED + tuple(document.get("exclude_paths", ()))
        values["build"] = BuildConfig(**{k: _frozen(v) for k, v in document.get("build", {}).items()})
        values["registry"] = RegistryConfig(**document.get("registry", {}))
        values["compile_env"] = dict(document.get("compile", {}).get("env", {}))
        return cls(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one value of a yaml file stands: its key (for an item of a list: itself) and its value."""

    key: Span
    value: Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """One folder with a `leoflow.yaml`, read and checked."""

    root: Path  # absolute
    config: ProjectConfig
    files: Mapping[str, Path]  # every file of the bundle: POSIX path in it -> absolute path; sorted
    places: Mapping[KeyPath, Place] = field(default_factory=dict, repr=False)
    patterns: tuple[Pattern, ...] = field(default=(), repr=False)  # what is excluded, of every origin
    # Folders where imports are looked up, "" for the root; none: the DAG file's own folder, then the root.
    search_path: tuple[str, ...] = ()

    def location_of(self, *keys: str | int) -> Span:
        """Where `leoflow.yaml` states `keys`, else the nearest enclosing key, else its first line."""
        path = tuple(keys)
        while path:
            if path in self.places:
                return self.places[path].key
            path = path[:-1]
        return Span(file=CONFIG_FILE, line=1)

    def would_bundle(self, path: PurePosixPath) -> bool:
        """Whether a new file at `path`, relative to the project, would be part of the bundle."""
        folders = [folder.as_posix() for folder in path.parents if folder.parts]
        included = any(path.is_relative_to(PurePosixPath(entry)) for entry in self.config.include_paths)
        return (
            included
            and not is_excluded(path.as_posix(), folder=False, patterns=self.patterns)
            and not any(is_excluded(folder, folder=True, patterns=self.patterns) for folder in folders)
        )

    @property
    def source_path(self) -> Path:
        """The DAG file."""
        return self.root / self.config.dag_source


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
