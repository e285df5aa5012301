"""An image on its way to a registry: what is there is left alone, what is near mounted, the rest sent."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor

from leoflow_compiler.image.builder import Connect, Image
from leoflow_compiler.image.cache import remember_sent, sent_to
from leoflow_compiler.image.layers import Layer
from leoflow_compiler.image.report import Report
from leoflow_runtime.oci.records import INDEX, MANIFEST, Descriptor
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry

_UPLOADS = 4  # at a time


def push(image: Image, target: Reference, *, connect: Connect, report: Report) -> Reference:
    """Sends what the registry lacks; gives the reference by digest. Raises ImageError, RegistryError."""
    registry = connect(target)
    with report.timed("push"), ThreadPoolExecutor(_UPLOADS) as pool:
        work = []
        for one in image.platforms:
            origin = one.base.reference
            work += [
                pool.submit(_send_from, origin, registry, target, layer, connect) for layer in one.base.layers
            ]
            work.append(pool.submit(_send_bytes, registry, target, one.config))
        work += [pool.submit(send_layer, registry, target, layer, connect) for layer in image.own_layers]
        report.sent += sum(job.result() for job in work)
        if image.media_type == INDEX:
            for one in image.platforms:
                registry.put_manifest(target.repository, one.descriptor.digest, one.manifest, MANIFEST)
        registry.put_manifest(target.repository, target.version, image.data, image.media_type)
    return target.at(digest=image.digest)


def to_send(image: Image, target: Reference, *, connect: Connect) -> list[tuple[str, int]]:
    """The layers of ours that the registry lacks: name and compressed size."""
    registry = connect(target)
    return [
        (layer.name, layer.size)
        for layer in image.own_layers
        # One that another repository there has is mounted.
        if (layer.origin is None or layer.origin.registry != target.registry)
        and not registry.has_blob(target.repository, layer.digest)
    ]


def _send_from(
    origin: Reference, registry: Registry, target: Reference, layer: Descriptor, connect: Connect
) -> int:
    """Mounts a layer of another repository where both are in one registry, else copies it through here."""
    if registry.has_blob(target.repository, layer.digest):
        return 0
    if origin.registry == target.registry and registry.mount_blob(
        target.repository, layer.digest, origin.repository
    ):
        return 0
    with tempfile.TemporaryFile() as copy:
        for piece in connect(origin).get_blob(origin.repository, layer):
            copy.write(piece)
        copy.seek(0)
        registry.push_stream(target.repository, layer.digest, layer.size, copy)
    return layer.size


def send_layer(registry: Registry, target: Reference, layer: Layer, connect: Connect) -> int:
    """Mounts a layer that another repository of the registry has, else sends it; gives the bytes sent.

    Raises ImageError, RegistryError, OSError.
    """
    if layer.path is None:
        assert layer.origin is not None
        return _send_from(layer.origin, registry, target, layer.descriptor, connect)
    if registry.has_blob(target.repository, layer.digest):
        return 0
    known = sent_to(layer, target.registry)
    sent = 0
    if not any(registry.mount_blob(target.repository, layer.digest, origin) for origin in known):
        with layer.path.open("rb") as stream:
            registry.push_stream(target.repository, layer.digest, layer.size, stream)
        sent = layer.size
    remember_sent(layer, target.registry, target.repository)
    return sent


def _send_bytes(registry: Registry, target: Reference, data: bytes) -> int:
    return len(data) if registry.push_bytes(target.repository, data) else 0
