"""How a deployment begins: locked, built as far as that sends nothing, and compared with what runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoflow_compiler.client.control_plane import ControlPlane
from leoflow_compiler.deploy.destination import Destination, cache_repository
from leoflow_compiler.deploy.plan import Builder, Plan, compared, missing_on, what_runs
from leoflow_compiler.deploy.registries import Registries, reference
from leoflow_compiler.image.builder import Connect, Image, Report, assemble
from leoflow_compiler.image.cache import LayerCache
from leoflow_compiler.image.context import context_digest
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.external import Tool, ToolImage, build_and_push
from leoflow_compiler.image.lock import Lock, inputs_of, read_lock, write_lock
from leoflow_compiler.image.locking import new_lock
from leoflow_compiler.image.sending import to_send
from leoflow_compiler.image.shared_cache import SharedCache
from leoflow_compiler.project import Project, load_project
from leoflow_compiler.project.records import LOCK_FILE
from leoflow_runtime.artifact.canonical import document_digest
from leoflow_runtime.oci.reference import Reference

if TYPE_CHECKING:
    from leoflow_runtime.oci.keys import PrivateKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What a plan is carried out with."""

    project: Project
    lock: Lock
    image: Image | None  # None: the plan's builder makes it, and pushes it in the same breath
    shared: SharedCache | None = None  # where its layers are kept for other machines


def built(
    project: Project,
    lock: Lock,
    target: Reference,
    *,
    connect: Connect,
    cache: LayerCache,
    report: Report,
    key: PrivateKey | None = None,
) -> tuple[Image, SharedCache | None]:
    """Puts the image together from layers that are here, that a registry has, or that are made.

    `key` signs images that are pushed: layers that nobody has signed with it are not taken then.
    Raises ImageError, RegistryError, OSError.
    """
    home = cache_repository(project.config, f"{target.registry}/{target.repository}")
    shared = None
    if home is not None:
        place = reference(home).at()
        shared = SharedCache(local=cache, connect=connect, home=place, report=report, key=key)
    version = target.version
    image = assemble(project, lock, version=version, connect=connect, cache=shared or cache, report=report)
    return image, shared


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
    key: PrivateKey | None = None,
) -> tuple[Plan, Build]:
    """Builds the layers, sends nothing. Raises ImageError, RegistryError, ClientError, OSError.

    `tool` builds in containers, when the plan is carried out: what it makes has a digest only once it is
    pushed, so that such a plan pins what goes in.
    """
    target = reference(destination.image)
    image, builder, shared, lacking = None, None, None, []
    if tool is None:
        image, shared = built(project, lock, target, connect=connect, cache=cache, report=report, key=key)
        lacking = to_send(image, target, connect=connect)
    else:
        builder = Builder(
            name=tool.name, arguments=tool.arguments, context_digest=context_digest(project, lock)
        )
    current = what_runs(control_plane, project.config.dag_id)
    plan = Plan(
        server=control_plane.server,
        folder=str(project.root),
        document=dict(document),
        image=str(target),
        image_digest=image.digest if image is not None else None,
        image_size=image.size if image is not None else None,
        to_send=tuple(lacking),
        lock=lock.to_bytes().decode(),
        runs_now=current["version_number"] if current is not None else None,
        changes=compared(current, document),
        is_current=False,
        missing=missing_on(control_plane, document),
        builder=builder,
        signed_by=key.public.fingerprint if key is not None else None,
    )
    build = Build(project=project, lock=lock, image=image, shared=shared)
    if image is None or current is None:
        return plan, build
    same = current.get("document_digest") == document_digest(plan.pinned(image.digest))
    return replace(plan, is_current=same), build


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
    plan: Plan,
    control_plane: ControlPlane,
    *,
    connect: Registries,
    cache: LayerCache,
    report: Report,
    key: PrivateKey | None = None,
) -> Build:
    """What a plan that was kept is carried out with, from the cache where nothing has changed.

    Raises ImageError where the project is gone or has changed, or the server has got another version.
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
    lock = Lock.from_bytes(plan.lock.encode())
    if plan.builder is not None:
        if context_digest(project, lock) != plan.builder.context_digest:
            raise _no_longer_planned(plan)
        return Build(project=project, lock=lock, image=None)
    target = reference(plan.image)
    image, shared = built(project, lock, target, connect=connect, cache=cache, report=report, key=key)
    if image.digest != plan.image_digest:
        raise _no_longer_planned(plan)
    return Build(project=project, lock=lock, image=image, shared=shared)


def _no_longer_planned(plan: Plan) -> ImageError:
    return ImageError(
        f"the image of {plan.dag_id!r} is no longer what was planned",
        hint="files or tools have changed since; make a new plan",
    )
