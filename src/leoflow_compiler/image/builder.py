"""Images without a daemon: our layers on top of the base's, which go from registry to registry unread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from leoflow_compiler.image.base import BaseImage, read_base
from leoflow_compiler.image.cache import Layers
from leoflow_compiler.image.config import BASE_DIGEST, BASE_NAME, BYTECODE, TITLE, VERSION, image_config
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.layers import Layer, epoch
from leoflow_compiler.image.lock import Lock
from leoflow_compiler.image.own_layers import OwnLayers
from leoflow_compiler.image.report import Report
from leoflow_compiler.project import Project
from leoflow_compiler.project.records import ProjectConfig
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

__all__ = ["Connect", "Image", "PlatformImage", "Report", "assemble", "needs_container"]

Connect = Callable[[Reference], Registry]


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

    @property
    def own_layers(self) -> list[Layer]:
        """Those on top of the bases, of every platform; each once."""
        return list({layer.digest: layer for one in self.platforms for layer in one.layers}.values())


def assemble(
    project: Project, lock: Lock, *, version: str, connect: Connect, cache: Layers, report: Report
) -> Image:
    """Makes the layers, those that the cache does not have. Raises ImageError, RegistryError, OSError."""
    reason = needs_container(project.config)
    if reason is not None:
        raise ImageError(
            f"{reason} of {project.config.dag_id!r} needs a build in a container",
            hint="add `--builder podman`, or docker, buildah, nerdctl",
        )
    reference = Reference.parse(lock.base)
    images = []
    for text in project.config.build.platforms:
        platform = Platform.parse(text)
        with report.timed("base"):
            base = read_base(connect(reference), reference, lock.base_digest, platform)
        own = OwnLayers(project=project, lock=lock, platform=text, cache=cache, report=report)
        layers = tuple(own.all())
        labels = {
            TITLE: project.config.dag_id,
            VERSION: version,
            BASE_NAME: lock.base,
            BASE_DIGEST: base.digest,
            **({BYTECODE: own.python.version} if own.python is not None else {}),
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


def needs_container(config: ProjectConfig) -> str | None:
    """What of a project only a build in a container can do; None: nothing."""
    if config.build.dockerfile is not None:
        return "`build.dockerfile`"
    return "`system_packages`" if config.system_packages else None


def _oci(layer: Descriptor) -> Descriptor:
    """A base's layer under its OCI name: Docker's own means the same bytes."""
    names: Mapping[str, str] = {
        "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    }
    kind = names.get(layer.media_type, layer.media_type)
    return Descriptor(media_type=kind, digest=layer.digest, size=layer.size)
