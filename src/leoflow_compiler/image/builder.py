"""Images without a daemon: our layers on top of the base's, which go from registry to registry unread."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from leoflow_compiler.image import contents, layout, uv
from leoflow_compiler.image.base import BaseImage, read_base
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.config import BASE_DIGEST, BASE_NAME, TITLE, VERSION, image_config
from leoflow_compiler.image.layers import Layer, epoch, pack
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.project import Project
from leoflow_runtime.oci.records import (
    CONFIG,
    INDEX,
    MANIFEST,
    Descriptor,
    Platform,
    canonical_json,
    digest_of,
)
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

_UPLOADS = 4  # at a time
_LAYER_FORMAT = 1  # part of every key of the cache: counts up when the packing changes

Connect = Callable[[Reference], Registry]


@dataclass(kw_only=True, slots=True)
class Report:
    """What took how long, in seconds, and what was sent, in bytes."""

    seconds: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    notes: list[str] = field(default_factory=list)
    on_step: Callable[[str], None] = lambda _step: None  # told when one begins

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        begin = time.perf_counter()
        self.on_step(step)
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begin


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformImage:
    """The image for one platform: its own layers on a base."""

    platform: Platform
    base: BaseImage
    layers: tuple[Layer, ...]
    config: bytes
    manifest: bytes

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor.of(self.manifest, MANIFEST, platform=self.platform)


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """What a tag will name: one platform's manifest, or an index of several."""

    platforms: tuple[PlatformImage, ...]
    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor.of(self.data, self.media_type)

    @property
    def size(self) -> int:
        """Compressed bytes of everything, the base included."""
        layers = {
            one.digest: one.size
            for image in self.platforms
            for one in (*image.base.layers, *(layer.descriptor for layer in image.layers))
        }
        return sum(layers.values())


def assemble(
    project: Project, lock: Lock, *, version: str, connect: Connect, cache: LayerCache, report: Report
) -> Image:
    """Makes the layers, those that the cache does not have. Raises ImageError, RegistryError, OSError."""
    reference = Reference.parse(lock.base)
    images = []
    for text in project.config.build.platforms:
        platform = Platform.parse(text)
        with report.timed("base"):
            base = read_base(connect(reference), reference, lock.base_digest, platform)
        layers = tuple(_layers(project, lock, text, cache, report))
        labels = {
            TITLE: project.config.dag_id,
            VERSION: version,
            BASE_NAME: lock.base,
            BASE_DIGEST: base.digest,
            **project.config.build.labels,
        }
        config = canonical_json(image_config(base, layers, labels=labels, time=epoch()))
        manifest = canonical_json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": Descriptor.of(config, CONFIG).to_json(),
                "layers": [
                    *(_oci(one).to_json() for one in base.layers),
                    *(layer.descriptor.to_json() for layer in layers),
                ],
                "annotations": labels,
            }
        )
        images.append(
            PlatformImage(platform=platform, base=base, layers=layers, config=config, manifest=manifest)
        )
    if len(images) == 1:
        return Image(platforms=tuple(images), media_type=MANIFEST, data=images[0].manifest)
    entries = [image.descriptor.to_json() for image in images]
    index = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    return Image(platforms=tuple(images), media_type=INDEX, data=index)


def push(image: Image, target: Reference, *, connect: Connect, report: Report) -> Reference:
    """Sends what the registry lacks; gives the reference by digest. Raises ImageError, RegistryError."""
    registry = connect(target)
    with report.timed("push"), ThreadPoolExecutor(_UPLOADS) as pool:
        work = []
        for one in image.platforms:
            work += [
                pool.submit(_send_base, registry, target, one.base, layer, connect)
                for layer in one.base.layers
            ]
            work += [pool.submit(_send_layer, registry, target, layer) for layer in one.layers]
            work.append(pool.submit(_send_bytes, registry, target, one.config))
        report.sent += sum(job.result() for job in work)
        if image.media_type == INDEX:
            for one in image.platforms:
                registry.put_manifest(target.repository, one.descriptor.digest, one.manifest, MANIFEST)
        registry.put_manifest(target.repository, target.version, image.data, image.media_type)
    return target.at(digest=image.digest)


def to_send(image: Image, target: Reference, *, connect: Connect) -> list[tuple[str, int]]:
    """The layers of ours that the registry lacks: name and compressed size."""
    registry = connect(target)
    layers = {layer.digest: layer for one in image.platforms for layer in one.layers}
    return [
        (layer.name, layer.size)
        for layer in layers.values()
        if not registry.has_blob(target.repository, layer.digest)
    ]


def _layers(
    project: Project, lock: Lock, platform: str, cache: LayerCache, report: Report
) -> Iterator[Layer]:
    """From what changes least to what changes most."""
    version, target = project.config.python_version, Platform.parse(platform)
    if lock.packages[platform]:
        yield _dependencies(lock.packages[platform], version, target, cache, report)
    yield _agent(lock.agent[platform], version, target, cache, report)
    with report.timed("code"):
        files = contents.code(project)
        key = _key("code", {path: _content(entry) for path, entry in files.items()})
        yield cache.get(key) or cache.put(key, lambda file: pack("code", files, file, time=epoch()))


def _dependencies(
    packages: tuple[uv.Package, ...], version: str, platform: Platform, cache: LayerCache, report: Report
) -> Layer:
    key = _key("dependencies", [version, str(platform), [one.to_json() for one in packages], epoch()])
    known = cache.get(key)
    if known is not None:
        return known

    def make(file: Path) -> Layer:
        with tempfile.TemporaryDirectory(prefix="leoflow-packages-") as name:
            folder = Path(name)
            with report.timed("install"):
                uv.install(packages, folder, python_version=version, platform=platform)
                scripts = contents.make_portable(folder)
            with report.timed("bytecode"):
                if not contents.compile_bytecode(folder, layout.PACKAGES, version):
                    report.notes.append(
                        f"Python {version} is not installed here, so that the image has no bytecode: "
                        "its first imports take longer"
                    )
            with report.timed("pack"):
                executable = frozenset(f"{layout.PACKAGES}/{path}" for path in scripts)
                entries = contents.dependencies(folder)
                return pack("dependencies", entries, file, executable=executable, time=epoch())

    return cache.put(key, make)


def _agent(
    packages: tuple[uv.Package, ...], version: str, platform: Platform, cache: LayerCache, report: Report
) -> Layer:
    own = {path: _content(entry) for path, entry in contents.agent_site(Path("/nonexistent")).items()}
    key = _key("agent", [version, str(platform), [one.to_json() for one in packages], own, epoch()])
    known = cache.get(key)
    if known is not None:
        return known

    def make(file: Path) -> Layer:
        with tempfile.TemporaryDirectory(prefix="leoflow-agent-") as name, report.timed("agent"):
            folder = Path(name)
            uv.install(packages, folder, python_version=version, platform=platform)
            contents.make_portable(folder)
            contents.compile_bytecode(folder, layout.SITE, version)
            entries = contents.agent_site(folder)
            owners = {layout.SPOOL: layout.USER}
            return pack("agent", entries, file, owners=owners, time=epoch())

    return cache.put(key, make)


def _content(entry: Path | bytes | None) -> str | None:
    if entry is None:
        return None
    return digest_of(entry if isinstance(entry, bytes) else entry.read_bytes())


def _key(kind: str, inputs: object) -> str:
    return f"{kind}-{digest_of(canonical_json([_LAYER_FORMAT, inputs]))[7:39]}"


def _oci(layer: Descriptor) -> Descriptor:
    """A base's layer under its OCI name: Docker's own means the same bytes."""
    names: Mapping[str, str] = {
        "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    }
    kind = names.get(layer.media_type, layer.media_type)
    return Descriptor(media_type=kind, digest=layer.digest, size=layer.size)


def _send_base(
    registry: Registry, target: Reference, base: BaseImage, layer: Descriptor, connect: Connect
) -> int:
    """Mounts a layer of the base where both are in one registry, else copies it through this machine."""
    if registry.has_blob(target.repository, layer.digest):
        return 0
    if base.reference.registry == target.registry and registry.mount_blob(
        target.repository, layer.digest, base.reference.repository
    ):
        return 0
    with tempfile.TemporaryFile() as copy:
        for piece in connect(base.reference).get_blob(base.reference.repository, layer):
            copy.write(piece)
        copy.seek(0)
        registry.push_stream(target.repository, layer.digest, layer.size, copy)
    return layer.size


def _send_layer(registry: Registry, target: Reference, layer: Layer) -> int:
    sent = registry.push_blob(target.repository, layer.digest, layer.size, lambda: layer.path.open("rb"))
    return layer.size if sent else 0


def _send_bytes(registry: Registry, target: Reference, data: bytes) -> int:
    return len(data) if registry.push_bytes(target.repository, data) else 0
