"""Where a project's image and artifact go, and under which tags."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from leoflow_compiler.project.records import CONFIG_FILE, ProjectConfig

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NOT_IN_TAG = re.compile(r"[^A-Za-z0-9._-]+")


class DestinationError(Exception):
    """Where to deploy is not known; one sentence, and what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """One repository: `tag` names the image, `tag-dag` the artifact."""

    repository: str  # registry and path, such as "registry.example.com/dags/sales"
    tag: str

    @property
    def image(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def artifact_tag(self) -> str:
        return f"{self.tag}-dag"


def repository_of(config: ProjectConfig) -> str:
    """The repository that `registry` names. Raises DestinationError with the lines to add."""
    url = config.registry.url
    if not url:
        raise DestinationError(
            f"{CONFIG_FILE} of {config.dag_id!r} names no registry for its image",
            "add these lines, and log in with `docker login` or LEOFLOW_REGISTRY_USERNAME and _PASSWORD:\n"
            "\n"
            "registry:\n"
            "  url: registry.example.com/dags\n"
            f"  image_name: {repository_name(config.dag_id)}\n",
        )
    base = url.removeprefix("oci://").removeprefix("https://").removeprefix("http://").rstrip("/")
    return f"{base}/{config.registry.image_name or repository_name(config.dag_id)}"


def cache_repository(config: ProjectConfig, repository: str) -> str | None:
    """Where layers are kept for other machines: beside the image, unless `registry.cache` says otherwise.

    None: nowhere (`none`).
    """
    chosen = config.registry.cache
    if chosen is None:
        return repository
    return chosen.removeprefix("oci://") if chosen != "none" else None


def repository_name(dag_id: str) -> str:
    """A DAG's id as a repository may be called: small letters, digits, and single `.`, `_`, `-` between."""
    return re.sub(r"[^a-z0-9]*([._-])[^a-z0-9]*", r"\1", dag_id.lower()).strip("._-") or "dag"


def tag_of(config: ProjectConfig, root: Path, *, label: str, chosen: str | None) -> str:
    """The tag by `registry.tag_strategy`; `label` is the content's own, `chosen` comes from `--dag-version`.

    Raises DestinationError.
    """
    strategy = config.registry.tag_strategy
    if chosen is not None:
        if not _TAG.fullmatch(chosen):
            raise DestinationError(
                f"{chosen!r} is no tag: use up to 128 letters, digits, `.`, `_` and `-`, not `.` or `-` first"
            )
        return chosen
    if strategy == "version":
        return label
    if strategy == "custom":
        raise DestinationError(
            f"{CONFIG_FILE} of {config.dag_id!r} chooses the tag strategy `custom`",
            "name the version: `leoflow deploy --dag-version 1.4.2`",
        )
    described = _git(root, strategy, config.dag_id)
    return _NOT_IN_TAG.sub("-", described).lstrip(".-")[:128]


def _git(root: Path, strategy: str, dag_id: str) -> str:
    arguments = ["rev-parse", "--short=12", "HEAD"]
    if strategy == "git_tag":
        arguments = ["describe", "--tags", "--exact-match", "HEAD"]
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except FileNotFoundError:
        raise DestinationError(f"git is needed for the tag strategy `{strategy}` of {dag_id!r}") from None
    if done.returncode != 0:
        what = "no tag of git names this commit" if strategy == "git_tag" else "this is no git repository"
        raise DestinationError(
            f"the tag strategy `{strategy}` of {dag_id!r} finds nothing: {what}",
            "name the version with --dag-version, or set `registry.tag_strategy: version`",
        )
    text = done.stdout.strip()
    if strategy == "git_sha" and _is_dirty(root):
        text += "-dirty"
    return text


def _is_dirty(root: Path) -> bool:
    """Whether files of the project differ from the commit: the same tag must not name two contents."""
    done = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain", "--", "."],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return bool(done.stdout.strip())
