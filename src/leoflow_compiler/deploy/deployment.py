"""The steps of a deployment. Each can be repeated: what is there already is found and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leoflow_compiler.client.control_plane import ControlPlane
from leoflow_compiler.deploy.destination import Destination
from leoflow_compiler.deploy.plan import Plan, compared, missing_on, what_runs
from leoflow_compiler.deploy.registries import Registries, reference
from leoflow_compiler.image.attachments import attach_documents
from leoflow_compiler.image.builder import Connect, Image, Report, assemble, push, to_send
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.external import Tool, ToolImage, build_and_push, find_pushed
from leoflow_compiler.image.lock import Lock, inputs_of, read_lock, write_lock
from leoflow_compiler.image.locking import new_lock
from leoflow_compiler.image.source import source_of
from leoflow_compiler.project import Project, load_project
from leoflow_compiler.project.records import LOCK_FILE
from leoflow_runtime.artifact.canonical import document_digest
from leoflow_runtime.oci.dag_artifact import push_dag_artifact
from leoflow_runtime.oci.reference import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """What there is now."""

    plan: Plan
    image: str  # by digest
    artifact: str  # by digest
    registration: Mapping[str, Any]


def current_lock(
    project: Project,
    connect: Connect,
    *,
    refresh: bool = False,
    frozen: bool = False,
    from_source: bool = False,
) -> tuple[Lock, bool]:
    """The project's lock, a new one where it is missing or stale; and whether it was written.

    `frozen`: it has to be there and to fit. `from_source`: a new one may name packages without a wheel.
    Raises ImageError, RegistryError.
    """
    known = None if refresh else read_lock(project.root)
    if known is not None and known.inputs == inputs_of(project.config):
        return known, False
    if frozen:
        what = "is missing" if known is None else "does not fit leoflow.yaml any more"
        raise ImageError(f"{LOCK_FILE} of {project.config.dag_id!r} {what}", hint="run `leoflow lock`")
    lock = new_lock(project, connect, from_source=from_source)
    return lock, write_lock(project.root, lock)


def make_plan(
    project: Project,
    document: Mapping[str, Any],
    lock: Lock,
    destination: Destination,
    control_plane: ControlPlane,
    *,
    connect: Registries,
    cache: LayerCache,
    report: Report,
    tool: Tool | None = None,
) -> tuple[Plan, Image | ToolImage]:
    """Builds the layers, sends nothing. Raises ImageError, RegistryError, ClientError, OSError.

    `tool` builds in containers instead. It pushes the image as well, which has no digest before that.
    """
    target = reference(destination.image)
    image: Image | ToolImage
    if tool is None:
        image = assemble(project, lock, version=destination.tag, connect=connect, cache=cache, report=report)
        lacking = to_send(image, target, connect=connect)
    else:
        image, lacking = built_by(tool, project, lock, target, connect=connect, report=report), []
    current = what_runs(control_plane, project.config.dag_id)
    plan = Plan(
        server=control_plane.server,
        folder=str(project.root),
        document=dict(document),
        image=str(target),
        image_digest=image.digest,
        image_size=image.size,
        to_send=tuple(lacking),
        lock=lock.to_bytes().decode(),
        runs_now=current["version_number"] if current is not None else None,
        changes=compared(current, document),
        is_current=False,
        missing=missing_on(control_plane, document),
        tool=tool.name if tool is not None else None,
    )
    same = current is not None and current.get("document_digest") == document_digest(plan.pinned)
    return replace(plan, is_current=same), image


def built_by(
    tool: Tool, project: Project, lock: Lock, target: Reference, *, connect: Registries, report: Report
) -> ToolImage:
    """Has a tool build and push. Raises ImageError, RegistryError, OSError."""
    bases = [reference(lock.base)] if project.config.build.dockerfile is None else []
    return build_and_push(
        project,
        lock,
        target,
        tool,
        version=target.version,
        connect=connect,
        report=report,
        credentials=connect.for_tools([target, *bases]),
        insecure=connect.insecure,
    )


def rebuilt(
    plan: Plan, control_plane: ControlPlane, *, connect: Registries, cache: LayerCache, report: Report
) -> Image | ToolImage:
    """The image of a plan once more, from the cache where nothing has changed; what a tool built is there.

    Raises ImageError where the project is gone, or the server has got another version meanwhile.
    """
    project, problems = load_project(Path(plan.folder))
    if project is None:
        raise ImageError(f"the project of the plan cannot be read: {problems[0].message}")
    current = what_runs(control_plane, plan.dag_id)
    runs_now = current["version_number"] if current is not None else None
    if runs_now != plan.runs_now:
        raise ImageError(
            f"{plan.dag_id!r} is at version {runs_now} on {plan.server} now, and the plan was made for "
            f"{plan.runs_now}",
            hint="make a new plan",
        )
    if plan.tool is not None:
        return find_pushed(reference(plan.image).at(digest=plan.image_digest), connect)
    lock = Lock.from_bytes(plan.lock.encode())
    version = reference(plan.image).version
    return assemble(project, lock, version=version, connect=connect, cache=cache, report=report)


def carry_out(
    plan: Plan, image: Image | ToolImage, control_plane: ControlPlane, *, connect: Registries, report: Report
) -> Deployed:
    """Push, pin, register. Raises ImageError, RegistryError, ClientError."""
    if image.digest != plan.image_digest:
        raise ImageError(
            f"the image of {plan.dag_id!r} is no longer what was planned",
            hint="files or tools have changed since; make a new plan",
        )
    target = reference(plan.image)
    pinned = (
        image.reference
        if isinstance(image, ToolImage)
        else push(image, target, connect=connect, report=report)
    )
    if isinstance(image, Image):  # what a tool took from where, only the tool knows
        with report.timed("documents"):
            report.sent += attach_documents(
                connect(target),
                target,
                image,
                Lock.from_bytes(plan.lock.encode()),
                dag_id=plan.dag_id,
                folder=Path(plan.folder),
            )
    with report.timed("artifact"):
        artifact = push_dag_artifact(
            connect(target),
            target.repository,
            f"{target.version}-dag",
            plan.pinned,
            image=image.descriptor,
            source=source_of(image) if isinstance(image, Image) else None,
        )
    with report.timed("register"):
        registration = control_plane.push(plan.dag_id, plan.pinned)
    return Deployed(
        plan=plan,
        image=str(pinned),
        artifact=str(target.at(digest=artifact.digest)),
        registration=registration,
    )
