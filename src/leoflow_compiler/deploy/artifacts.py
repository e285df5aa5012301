"""Artifacts as things to look at and move: what `leoflow artifact` does."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leoflow_compiler.deploy.registries import Registries
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.source import unpack_source
from leoflow_runtime.artifact.canonical import canonical_bytes, content_digest
from leoflow_runtime.oci.copy import Repository, closure_of, put
from leoflow_runtime.oci.dag_artifact import DagArtifact, Limits, pull_dag_artifact, push_dag_artifact
from leoflow_runtime.oci.layout import open_layout
from leoflow_runtime.oci.reference import BadReference, Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """Something that refers to the artifact or to its image."""

    to: str  # "artifact" or "image"
    kind: str  # its artifact type
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What a reference names."""

    reference: str  # by digest
    dag_id: str
    dag_version: str
    content_digest: str
    tasks: int
    schedule: Any
    image: str | None  # beside the artifact, by digest
    platforms: tuple[str, ...]
    source_size: int | None  # bytes, compressed
    size: int  # bytes of everything, the image included
    annotations: Mapping[str, str]
    attached: tuple[Attached, ...]
    signed: bool  # whether there is a signature; whose, only `leoflow verify` says

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def push_artifact(
    document: Mapping[str, Any],
    source: bytes | None,
    target: Reference,
    image: str | None,
    connect: Registries,
) -> tuple[Reference, str | None]:
    """Stores a document; `image` names what lies beside it by tag or digest, else the document does.

    Gives the artifact and its image by digest. Raises ImageError, RegistryError.
    """
    named = image or document.get("image")
    registry, descriptor, pinned = connect(target), None, dict(document)
    if named is not None:
        wanted = _parsed(str(named))
        if (wanted.registry, wanted.repository) != (target.registry, target.repository):
            raise ImageError(
                f"the image {wanted} does not lie where its artifact will, in {target.at()}",
                hint=f"`leoflow artifact copy {wanted} {target.at()}` brings it there; then name that one",
            )
        descriptor = registry.head_manifest(wanted.repository, wanted.version)
        if descriptor is None:
            raise ImageError(f"there is no image {wanted}")
        pinned["image"] = str(target.at(digest=descriptor.digest))
    tag = target.tag or f"{document.get('dag_version')}-dag"
    stored = push_dag_artifact(registry, target.repository, tag, pinned, image=descriptor, source=source)
    return target.at(tag=tag, digest=stored.digest), pinned.get("image")


def pull_artifact(reference: Reference, folder: Path, connect: Registries) -> tuple[DagArtifact, int]:
    """Writes `dag.json`, and the source where there is one, to a new folder, in one step.

    Gives the artifact and the number of source files. Raises ImageError, RegistryError, OSError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ImageError(f"{str(folder)!r} is there and not empty")
    registry = connect(reference)
    artifact = pull_dag_artifact(registry, reference.repository, reference.version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    files = 0
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        if artifact.source is not None:
            data = registry.read_blob(reference.repository, artifact.source, limit=Limits().source)
            files = unpack_source(data, partial)
        (partial / "dag.json").write_bytes(canonical_bytes(artifact.document))
        partial.chmod(0o755 & ~_umask())
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return artifact, files


def inspect_artifact(reference: Reference, connect: Registries) -> Inspection:
    """Raises RegistryError."""
    registry, repository = connect(reference), reference.repository
    artifact = pull_dag_artifact(registry, repository, reference.version)
    document = artifact.document
    closure, root = closure_of(Repository(registry, repository), artifact.digest)
    about = {artifact.digest: "artifact", artifact.image: "image"}
    listed = [
        Attached(to=about[subject], kind=one.artifact_type or one.media_type, digest=one.digest)
        for subject in about
        if subject is not None
        for one in registry.referrers(repository, subject)
    ]
    return Inspection(
        reference=str(reference.at(digest=root)),
        dag_id=str(document.get("dag_id")),
        dag_version=str(document.get("dag_version")),
        content_digest=content_digest(document),
        tasks=len(document.get("tasks") or ()),
        schedule=document.get("schedule"),
        image=str(reference.at(digest=artifact.image)) if artifact.image is not None else None,
        platforms=_platforms(closure.manifests[artifact.image].data) if artifact.image is not None else (),
        source_size=artifact.source.size if artifact.source is not None else None,
        size=closure.size,
        annotations=artifact.annotations,
        attached=tuple(one for one in listed if one.digest != artifact.digest),
        signed=any(tag.endswith(".sig") for tag in closure.tags),
    )


def copy_artifact(source: Reference, target: Reference, connect: Registries) -> tuple[Reference, int]:
    """Copies all that belongs to an artifact (or plain image); the tags move last.

    Gives the copy by digest, and the bytes sent. Raises ImageError, RegistryError.
    """
    origin = Repository(connect(source), source.repository)
    closure, root = closure_of(origin, source.version)
    tags = closure.tags | ({target.tag: root} if target.tag else {})
    if root not in tags.values() and source.tag:
        tags[source.tag] = root
    if root not in tags.values():
        raise ImageError(f"{target} names no tag, and registries delete what has none", hint="add :TAG")
    sent = put(closure, origin, Repository(connect(target), target.repository), tags)
    return target.at(tag=target.tag, digest=root), sent


def import_file(file: Path, target: Reference, connect: Registries) -> tuple[dict[str, str], int]:
    """Brings an exported file into a registry; a tag of `target` is given to the artifact in it.

    Gives the tags with their digests, and the bytes sent. Raises ImageError, RegistryError, OSError.
    """
    with open_layout(file) as layout:
        closure = layout.closure()
        tags = dict(closure.tags)
        if target.tag:
            tags[target.tag] = _only_artifact(tags, str(file))
        if not tags:
            raise ImageError(f"{str(file)!r} has no tag in it, and registries delete what has none")
        sent = put(closure, layout, Repository(connect(target), target.repository), tags)
    return tags, sent


def _only_artifact(tags: Mapping[str, str], file: str) -> str:
    artifacts = {digest for tag, digest in tags.items() if tag.endswith("-dag")} or set(tags.values())
    if len(artifacts) != 1:
        raise ImageError(
            f"{file!r} holds {len(artifacts)} artifacts", hint="name the repository without :TAG"
        )
    return artifacts.pop()


def _platforms(image: bytes) -> tuple[str, ...]:
    from leoflow_runtime.oci.parsing import parse_json
    from leoflow_runtime.oci.records import Descriptor

    entries = [Descriptor.from_json(raw) for raw in parse_json(image).get("manifests") or ()]
    return tuple(sorted(str(one.platform) for one in entries if one.platform is not None))


def _parsed(text: str) -> Reference:
    try:
        return Reference.parse(text)
    except BadReference as error:
        raise ImageError(str(error)) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
