"""Promotion: the same bytes, named by digest, for another server or under another tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leoflow_compiler.client.control_plane import ControlPlane
from leoflow_compiler.deploy.registries import Registries, reference
from leoflow_compiler.image.errors import ImageError
from leoflow_runtime.artifact.canonical import document_digest
from leoflow_runtime.oci.copy import Repository, closure_of, put
from leoflow_runtime.oci.dag_artifact import pull_dag_artifact, relocated
from leoflow_runtime.oci.reference import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Promoted:
    """What the target has now."""

    dag_id: str
    target: str
    reference: str | None  # the artifact by digest; None: the document itself was sent
    registration: dict[str, Any] | None  # the target's answer, where it is a server


def chosen_version(source: ControlPlane, dag_id: str, wanted: str | None) -> dict[str, Any]:
    """A version of a server with its document; None: the current one. Raises ImageError, ClientError."""
    if wanted is None:
        return source.version(dag_id)
    if wanted.isdigit():
        return source.version(dag_id, int(wanted))
    digest = wanted.removeprefix("@")
    for one in source.versions(dag_id):
        known = (one["document_digest"], one["content_digest"], _digest(one.get("image")))
        if digest in (*known, _digest(one.get("reference"))):
            return source.version(dag_id, one["version_number"])
    raise ImageError(
        f"DAG {dag_id!r} has no version {wanted!r} on {source.server}",
        hint=f"`leoflow versions {dag_id}` lists them",
    )


def artifact_of(version: dict[str, Any], connect: Registries) -> Reference:
    """Where the artifact of a registered version is, by digest, proven to hold its very document.

    It is what the server pulled, else `VERSION-dag` beside the image, where `deploy` puts it. Raises
    ImageError, RegistryError.
    """
    known = version.get("reference")
    if isinstance(known, str):
        where = reference(known)
    else:
        where = _beside_image(version)
    found = pull_dag_artifact(connect(where), where.repository, where.version)
    # A server that pulled a copy names the image that lies with the copy.
    same = {document_digest(found.document), document_digest(relocated(found, where))}
    if version["document_digest"] not in same:
        raise ImageError(f"{where} holds another version than the server's {version['version_number']}")
    return where.at(digest=found.digest)


def pinned(text: str, connect: Registries) -> tuple[Reference, str]:
    """An artifact by digest, and the DAG that it is of. Raises ImageError, RegistryError."""
    where = reference(text)
    if where.tag is None and where.digest is None:
        raise ImageError(f"{text!r} names no version", hint="add :TAG or @sha256:…")
    found = pull_dag_artifact(connect(where), where.repository, where.version)
    return where.at(digest=found.digest), str(found.document["dag_id"])


def to_server(
    target: ControlPlane, dag_id: str, artifact: Reference | None, version: dict[str, Any] | None
) -> Promoted:
    """By reference where the artifact is known to be in a registry, else the pinned document itself.

    Raises ClientError.
    """
    if artifact is not None:
        answer = target.register_artifact(dag_id, f"oci://{artifact}")
    else:
        assert version is not None
        answer = target.push(dag_id, version["document"])
    return Promoted(
        dag_id=dag_id,
        target=target.server,
        reference=str(artifact) if artifact is not None else None,
        registration=answer,
    )


def channel_of(artifact: Reference, text: str) -> Reference:
    """The tag that `text` names: a whole reference, or `:TAG` in the artifact's own repository.

    Raises ImageError.
    """
    home = f"{artifact.registry}/{artifact.repository}"
    target = reference(home + text if text.startswith(":") else text)
    if target.tag is None or target.digest is not None:
        raise ImageError(f"{text!r} is no channel", hint="write oci://HOST/NAME:TAG, or :TAG")
    return target


def to_channel(dag_id: str, artifact: Reference, target: Reference, connect: Registries) -> Promoted:
    """Lets a tag name the artifact; in another repository, it and all that belongs to it are copied first.

    Raises RegistryError.
    """
    registry = connect(target)
    if (target.registry, target.repository) == (artifact.registry, artifact.repository):
        descriptor, data = registry.get_manifest(artifact.repository, str(artifact.digest))
        registry.put_manifest(target.repository, target.tag or "", data, descriptor.media_type)
    else:
        source = Repository(connect(artifact), artifact.repository)
        closure, root = closure_of(source, str(artifact.digest))
        put(closure, source, Repository(registry, target.repository), {**closure.tags, str(target.tag): root})
    return Promoted(
        dag_id=dag_id, target=str(target), reference=str(target.at(digest=artifact.digest)), registration=None
    )


def _beside_image(version: dict[str, Any]) -> Reference:
    """Raises ImageError."""
    image = version.get("image")
    if not isinstance(image, str):
        raise ImageError(
            f"version {version['version_number']} of {version['dag_id']!r} was not deployed to a registry",
            hint="`leoflow deploy` does that",
        )
    home = reference(image)
    return reference(f"{home.registry}/{home.repository}:{version['dag_version']}-dag")


def _digest(reference: Any) -> str | None:
    return str(reference).partition("@")[2] or None if reference else None
