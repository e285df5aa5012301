"""The steps of a deployment. Each can be repeated: what is there already is found and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leoflow_compiler.client.control_plane import ControlPlane
from leoflow_compiler.client.errors import Forbidden
from leoflow_compiler.deploy.plan import Plan
from leoflow_compiler.deploy.planning import Build, built_by
from leoflow_compiler.deploy.registries import Registries, reference
from leoflow_compiler.deploy.subject import DOCUMENTS, Part
from leoflow_compiler.image.attachments import attach_documents
from leoflow_compiler.image.builder import Report
from leoflow_compiler.image.external import Tool, ToolImage
from leoflow_compiler.image.sending import push
from leoflow_compiler.image.source import source_of
from leoflow_runtime.oci.dag_artifact import push_dag_artifact
from leoflow_runtime.oci.records import Descriptor
from leoflow_runtime.oci.reference import Reference

if TYPE_CHECKING:
    from leoflow_compiler.deploy.signing import Signed
    from leoflow_runtime.oci.keys import PrivateKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """What there is now."""

    plan: Plan
    image: str  # by digest
    artifact: str  # by digest
    registration: Mapping[str, Any]
    signed: tuple[Signed, ...] = ()


def carry_out(
    plan: Plan,
    build: Build,
    control_plane: ControlPlane,
    *,
    connect: Registries,
    report: Report,
    key: PrivateKey | None = None,
) -> Deployed:
    """Push, pin, sign where there is a key, register. Raises ImageError, RegistryError, ClientError."""
    target = reference(plan.image)
    registry = connect(target)
    image, descriptor, documents = _sent(plan, build, target, connect, report)
    with report.timed("artifact"):
        stored = push_dag_artifact(
            registry,
            target.repository,
            f"{target.version}-dag",
            plan.pinned(descriptor.digest),
            image=descriptor,
            source=source_of(build.image) if build.image is not None else None,
        )
    artifact = target.at(digest=stored.digest)
    signed: list[Signed] = []
    if key is not None:
        from leoflow_compiler.deploy.signing import sign_parts

        parts = [Part(name="artifact", reference=artifact), Part(name="image", reference=image), *documents]
        with report.timed("sign"):
            signed = sign_parts(registry, parts, key, {})
    with report.timed("register"):
        document = plan.pinned(descriptor.digest)
        registration = _registered(control_plane, plan.dag_id, document, artifact if signed else None)
    return Deployed(
        plan=plan,
        image=str(image),
        artifact=str(artifact),
        registration=registration,
        signed=tuple(signed),
    )


def _sent(
    plan: Plan, build: Build, target: Reference, connect: Registries, report: Report
) -> tuple[Reference, Descriptor, list[Part]]:
    """The image by digest, and the documents that are attached to it: what a tool took, it alone knows."""
    if plan.builder is not None:
        tool = Tool(name=plan.builder.name, arguments=plan.builder.arguments)
        made: ToolImage = built_by(tool, build.project, build.lock, target, connect=connect, report=report)
        return made.reference, made.descriptor, []
    assert build.image is not None
    image = push(build.image, target, connect=connect, report=report)
    if build.shared is not None:
        with report.timed("cache"):
            build.shared.keep(build.image.own_layers)
    with report.timed("documents"):
        attached = attach_documents(
            connect(target),
            target,
            build.image,
            build.lock,
            dag_id=plan.dag_id,
            folder=build.project.root,
        )
    report.sent += sum(one.sent for one in attached)
    documents = [Part(name=DOCUMENTS[one.kind], reference=target.at(digest=one.digest)) for one in attached]
    return image, build.image.descriptor, documents


def _registered(
    control_plane: ControlPlane, dag_id: str, document: Mapping[str, Any], signed: Reference | None
) -> Mapping[str, Any]:
    """By reference where the artifact is signed, so that the server sees whose it is.

    A server that pulls nothing from there gets the document, unless it wants signatures. Raises ClientError.
    """
    if signed is None:
        return _pushed(control_plane, dag_id, document)
    try:
        return control_plane.register_artifact(dag_id, f"oci://{signed}")
    except Forbidden as denied:
        try:
            return control_plane.push(dag_id, document)
        except Forbidden:
            raise denied from None


def _pushed(control_plane: ControlPlane, dag_id: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return control_plane.push(dag_id, document)
    except Forbidden as error:
        if "require_signature" in error.message:
            error.hint = "sign it while it is deployed: --sign-key FILE"
        raise
