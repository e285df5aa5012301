"""Looks for secrets in what an image would hold: it is copied, cached and kept, and cannot be called back.

The compiler warns of secrets in Python that it reads (LF601); this looks at all files and stops a deployment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from leoflow_compiler.image.context import own_context
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.project import Project
from leoflow_compiler.project.records import CONFIG_FILE
from leoflow_compiler.source.secret_formats import MARKS, kind_of_secret

_LIMIT = 64 << 20  # bytes of one file: data beyond that is not looked at
_BINARY = 8 << 10  # a zero byte in the first so many makes a file binary
_LONGEST = 4096  # characters of a line around a mark
_SHOWN = 10
# Files that are secrets by what they are called, wherever they lie.
_NAMES = frozenset(
    {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", "_netrc", ".pgpass", ".pypirc"}
    | {".git-credentials", ".htpasswd", ".vault-token"}
)
_ENDINGS = (".p12", ".pfx", ".jks", ".keystore", ".kdbx")
_PATHS = ((".aws", "credentials"), (".docker", "config.json"), (".kube", "config"), (".ssh", "config"))
# Exports of Airflow's and ours: `airflow connections export`.
_CONNECTIONS = re.compile(r"connections?\.(?:json|ya?ml|env)", re.IGNORECASE)
_PASSWORD = re.compile(r"""["']?password["']?\s*[:=]\s*["']?(?!null\b|None\b|["',{}\s$]|$)""", re.IGNORECASE)
_IGNORED = re.compile(r"leoflow:\s*ignore\[[^\]]*\bLF601\b[^\]]*\]")
_MARKS = re.compile(MARKS.encode() + rb"|assword")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Where a secret is and of which kind, never the secret itself."""

    path: str  # in the bundle
    line: int | None  # None: the file as a whole
    kind: str  # "a GitHub token"

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place} holds {self.kind}" if self.line is not None else f"{place} is {self.kind}"


class SecretsFound(ImageError):
    """Nothing was built. `findings` in the order of their places."""

    def __init__(self, dag_id: str, findings: tuple[Finding, ...]) -> None:
        shown = "; ".join(str(one) for one in findings[:_SHOWN])
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        super().__init__(
            f"files of {dag_id!r} that its image would hold have secrets in them: {shown}{more}",
            hint="move them to connections or variables, or list the files in .leoflowignore; "
            "where it is none, end the line with `# leoflow: ignore[LF601] reason`",
        )
        self.findings = findings


def refuse_secrets(project: Project) -> None:
    """Raises SecretsFound, ImageError where `build` names what is not there, OSError."""
    findings = tuple(secrets_in(project))
    if findings:
        raise SecretsFound(project.config.dag_id, findings)


def secrets_in(project: Project) -> Iterator[Finding]:
    """In every file of the bundle, in what a Dockerfile of the project's own may copy, and in `leoflow.yaml`,
    whose labels and settings travel as well.
    """
    files = {CONFIG_FILE: project.root / CONFIG_FILE, **own_context(project), **project.files}
    for path, file in sorted(files.items()):
        kind = _by_name(PurePosixPath(path))
        if kind is not None:
            yield Finding(path=path, line=None, kind=kind)
        else:
            yield from _in_file(path, file)


def _by_name(path: PurePosixPath) -> str | None:
    if path.name in _NAMES or path.parts[-2:] in _PATHS:
        return "a file of credentials"
    if path.suffix.lower() in _ENDINGS:
        return "a store of keys"
    if path.name == ".env" or path.name.startswith(".env."):
        return "a file of settings with secrets"
    return None


def _in_file(path: str, file: Path) -> Iterator[Finding]:
    with file.open("rb") as stream:
        data = stream.read(_LIMIT)
    if b"\0" in data[:_BINARY]:
        return
    is_connections = _CONNECTIONS.fullmatch(PurePosixPath(path).name) is not None
    line, counted, done = 1, 0, -1
    for mark in _MARKS.finditer(data):
        if mark.start() < done:  # another mark of a line that was read
            continue
        begin = max(data.rfind(b"\n", 0, mark.start()) + 1, mark.start() - _LONGEST)
        end = data.find(b"\n", mark.end())
        done = min(len(data) if end < 0 else end, mark.end() + _LONGEST)
        line += data.count(b"\n", counted, mark.start())
        counted = mark.start()
        text = data[begin:done].decode("utf-8", "replace")
        kind = kind_of_secret(text)
        if kind is None and is_connections and _PASSWORD.search(text):
            kind = "the password of a connection"
        if kind is not None and not _IGNORED.search(text):
            yield Finding(path=path, line=line, kind=kind)
