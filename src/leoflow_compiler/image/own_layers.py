"""The layers that an image has on its base, from what changes least to what changes most."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from leoflow_compiler.image import contents, layout, uv
from leoflow_compiler.image.cache import Layers
from leoflow_compiler.image.contents import Interpreter
from leoflow_compiler.image.layers import Compression, Entry, Layer, epoch, pack
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.report import Report
from leoflow_compiler.project import Project
from leoflow_runtime.oci.records import Platform, canonical_json, digest_of

_FORMAT = 3  # part of every key of the cache: counts up when the packing changes


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnLayers:
    """Makes them for one platform, those that the cache does not have."""

    project: Project
    lock: Lock
    platform: str
    cache: Layers
    report: Report

    def all(self) -> Iterator[Layer]:
        """Raises ImageError, OSError."""
        if self.lock.packages[self.platform]:
            yield self._dependencies()
        yield self._agent()
        yield self._code()

    @property
    def python(self) -> Interpreter | None:
        """What compiles to bytecode for this image."""
        return contents.interpreter(self.project.config.python_version)

    @property
    def _compression(self) -> Compression:
        return self.project.config.build.compression

    def _dependencies(self) -> Layer:
        packages = self.lock.packages[self.platform]

        def make(file: Path) -> Layer:
            with tempfile.TemporaryDirectory(prefix="leoflow-packages-") as name:
                folder = Path(name)
                with self.report.timed("install"):
                    self._install(packages, folder)
                    scripts = contents.make_portable(folder)
                self._compile(folder, layout.PACKAGES)
                executable = frozenset(f"{layout.PACKAGES}/{path}" for path in scripts)
                with self.report.timed("pack"):
                    entries = contents.dependencies(folder)
                    return self._pack("dependencies", entries, file, executable=executable)

        return self._kept("dependencies", self._of_packages(packages), make)

    def _agent(self) -> Layer:
        packages = self.lock.agent[self.platform]

        def make(file: Path) -> Layer:
            with tempfile.TemporaryDirectory(prefix="leoflow-agent-") as name:
                folder = Path(name)
                with self.report.timed("agent"):
                    self._install(packages, folder)
                    contents.make_portable(folder)
                    contents.stage_runtime(folder)
                self._compile(folder, layout.SITE)
                with self.report.timed("pack"):
                    owners = {layout.SPOOL: layout.USER}
                    return self._pack("agent", contents.agent_site(folder), file, owners=owners)

        own = {path: _content(entry) for path, entry in contents.runtime().items()}
        return self._kept("agent", [self._of_packages(packages), own], make)

    def _code(self) -> Layer:
        with self.report.timed("code"):
            files = contents.code(self.project)
            inputs = {path: _content(entry) for path, entry in files.items()}
            return self._kept("code", inputs, lambda file: self._pack("code", files, file))

    def _install(self, packages: tuple[uv.Package, ...], folder: Path) -> None:
        uv.install(
            packages,
            folder,
            python_version=self.project.config.python_version,
            platform=Platform.parse(self.platform),
            platform_tag=self.lock.platform_tag,
        )

    def _compile(self, folder: Path, prefix: str) -> None:
        if self.python is None:
            self.report.note(
                f"Python {self.project.config.python_version} is not installed here, so that the image has "
                "no bytecode: imports take up to three times as long in every pod"
            )
            return
        with self.report.timed("bytecode"):
            contents.compile_bytecode(folder, prefix, self.python)

    def _pack(
        self,
        name: str,
        entries: Mapping[str, Entry],
        file: Path,
        *,
        executable: frozenset[str] = frozenset(),
        owners: Mapping[str, int] | None = None,
    ) -> Layer:
        return pack(
            name,
            entries,
            file,
            executable=executable,
            owners=owners,
            time=epoch(),
            compression=self._compression,
        )

    def _of_packages(self, packages: tuple[uv.Package, ...]) -> object:
        """What decides about the bytes of installed packages."""
        config = self.project.config
        return [
            *(config.python_version, self.platform, self.lock.platform_tag),
            self.python.version if self.python is not None else None,
            [one.to_json() for one in packages],
        ]

    def _kept(self, kind: str, inputs: object, make: Callable[[Path], Layer]) -> Layer:
        whole = canonical_json([_FORMAT, epoch(), self._compression, inputs])
        key = f"{kind}-{digest_of(whole)[7:39]}"
        return self.cache.get(key) or self.cache.put(key, make)


def _content(entry: Entry) -> str | None:
    if entry is None:
        return None
    return digest_of(entry if isinstance(entry, bytes) else entry.read_bytes())
