"""The files of a project that its image will contain."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path, PurePosixPath

from leoflow_compiler.diagnostics.catalogue import project as codes
from leoflow_compiler.diagnostics.records import Code, Diagnostic, Span
from leoflow_compiler.project.patterns import Pattern, is_excluded
from leoflow_runtime.light import dataclass

MAX_FILES = 10_000
MAX_BYTES = 512 * 1024 * 1024
_EXCLUDE = "exclude it in .leoflowignore, or replace the link by what it points to"


@dataclass(kw_only=True, slots=True)
class Bundle:
    """The file set as it is gathered: `files` maps a POSIX path in the bundle to an absolute path."""

    root: Path
    patterns: tuple[Pattern, ...]
    files: dict[str, Path] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    size: int = 0
    full: bool = False

    def add(self, entry: str, span: Span) -> None:
        """Adds one entry of `include_paths`; `span` is where it is written."""
        path = PurePosixPath(entry)
        if path.is_absolute() or ".." in path.parts:
            self._refuse(codes.PATH_OUTSIDE, f"`{entry}` leads out of the project", span)
            return
        start = self.root / path
        if not os.path.lexists(start):
            self._refuse(codes.PATH_MISSING, f"`{entry}` does not exist in the project", span)
        elif start.is_dir() and not start.is_symlink():
            if not start.resolve().is_relative_to(self.root):
                self._refuse(codes.LINK_OUTSIDE, f"`{entry}` is behind a link out of the project", span)
                return
            self._walk(start, str(path) if path.parts else "")
        else:
            self._file(start, str(path))

    def _walk(self, folder: Path, prefix: str) -> None:
        pending = [(folder, prefix)]
        while pending and not self.full:
            folder, prefix = pending.pop()
            for item in self._entries(folder, prefix):
                path = f"{prefix}/{item.name}" if prefix else item.name
                is_folder = item.is_dir(follow_symlinks=False)
                if is_excluded(path, folder=is_folder, patterns=self.patterns):
                    continue
                if is_folder:
                    pending.append((Path(item.path), path))
                else:
                    self._file(Path(item.path), path)

    def _entries(self, folder: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from sorted(entries, key=lambda item: item.name)
        except PermissionError:
            self._refuse(codes.UNBUNDLABLE, f"the folder `{prefix or '.'}` cannot be read: permission denied")

    def _file(self, file: Path, path: str) -> None:
        if self.full or path in self.files:
            return
        try:
            path.encode()
        except UnicodeEncodeError:
            self._refuse(codes.UNBUNDLABLE, f"the name of the file {path!r} is not valid UTF-8")
            return
        if file.is_symlink() and not self._link(file, path):
            return
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            self._refuse(codes.UNBUNDLABLE, f"`{path}` is not an ordinary file")
        elif not os.access(file, os.R_OK):
            self._refuse(codes.UNBUNDLABLE, f"`{path}` cannot be read: permission denied")
        else:
            self.files[path] = file
            self.size += status.st_size
            self._check_limits()

    def _link(self, file: Path, path: str) -> bool:
        try:
            target = file.resolve(strict=True)
        except (OSError, RuntimeError):
            self._refuse(codes.LINK_OUTSIDE, f"the link `{path}` leads nowhere", help=_EXCLUDE)
            return False
        if not target.is_relative_to(self.root):
            self._refuse(codes.LINK_OUTSIDE, f"the link `{path}` leads out of the project", help=_EXCLUDE)
            return False
        if target.is_dir():
            self._refuse(codes.LINK_OUTSIDE, f"the link `{path}` points to a folder", help=_EXCLUDE)
            return False
        return True

    def _check_limits(self) -> None:
        if len(self.files) > MAX_FILES:
            reason = f"the project has more than {MAX_FILES:,} files"
        elif self.size > MAX_BYTES:
            reason = f"the files of the project are larger than {MAX_BYTES // 1024**2} MiB in all"
        else:
            return
        self.full = True
        self._refuse(codes.BUNDLE_TOO_LARGE, reason, help="exclude data and build folders in .leoflowignore")

    def _refuse(self, code: Code, message: str, span: Span | None = None, *, help: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code=code, message=message, span=span, help=help))
