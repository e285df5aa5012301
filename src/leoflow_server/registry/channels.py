"""Channels: a DAG follows a tag. What the tag names is deployed; moving it back goes back.

A channel acts when its tag names another artifact than the one that it deployed last. A rollback or a push
in between stands until the tag moves again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from leoflow_runtime.artifact import ArtifactInvalid
from leoflow_runtime.oci.errors import RegistryError
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.schedule import ScheduleInvalid
from leoflow_server.registry import import_errors, pulling, register
from leoflow_server.registry.policy import Denied
from leoflow_server.store import channels
from leoflow_server.store.channels import Channel

if TYPE_CHECKING:
    from leoflow_server.services import Services

_log = logging.getLogger("leoflow.channels")
BUNDLE = "channels"
# What keeps a version from being deployed, each with a sentence of its own.
FAILURES = (Denied, RegistryError, ArtifactInvalid, ScheduleInvalid, register.DagIdDiffers)


async def follow(
    services: Services, dag_id: str, text: str, *, user: str, tenant_id: int = 1
) -> register.Registration:
    """Deploys what the tag names now, and follows it from then on, in place of any other.

    Raises Denied for what is no tag, and what a registration raises; then nothing has changed.
    """
    reference = pulling.parse(text)
    if reference.tag is None or reference.digest is not None:
        raise Denied(f"{text!r} cannot be followed: a channel is a tag, without a digest")
    pulled, origin = await _pulled(services, reference)
    digest = str(pulled.reference.digest)
    async with services.channel_turn:
        registration = await register.register(
            services,
            pulled.document,
            user=user,
            tenant_id=tenant_id,
            expected_dag_id=dag_id,
            origin=origin,
        )

        def write(conn: Connection) -> None:
            channels.put(
                conn,
                tenant_id=tenant_id,
                dag_id=dag_id,
                reference=str(reference),
                digest=digest,
                user=user,
                now=datetime.now(UTC),
            )

        before = await services.store.read_rows(
            lambda conn: channels.find(conn, tenant_id=tenant_id, dag_id=dag_id)
        )
        await services.store.write_rows(write)
    if before is not None:
        await _clear(services, before)
    return registration


async def unfollow(services: Services, dag_id: str, *, tenant_id: int = 1) -> Channel | None:
    """The DAG keeps its version. None: it followed nothing."""
    async with services.channel_turn:
        removed = await services.store.write_rows(
            lambda conn: channels.remove(conn, tenant_id=tenant_id, dag_id=dag_id)
        )
    if removed is not None:
        await _clear(services, removed)
    return removed


async def look(services: Services, channel: Channel) -> bool:
    """Asks what the tag names now, and deploys it where that is new. False: it cannot be deployed.

    Why not is kept as an import error until it can be; the DAG keeps its version meanwhile.
    """
    try:
        await _look(services, channel)
    except FAILURES as error:
        await _complain(services, channel, sentence(error))
        return False
    if channel.error is not None:
        await services.store.write_rows(lambda conn: channels.failed(conn, channel.pk, error=None))
        await _clear(services, channel)
    return True


async def forget_gone(services: Services, found: Sequence[Channel]) -> None:
    """Takes the complaints about channels back that are not there any more: their DAGs were deleted."""
    named = {channel.reference for channel in found}
    complaints = await services.store.read_rows(lambda conn: import_errors.files(conn, BUNDLE))
    for tenant_id, filename in complaints:
        if filename not in named:
            await import_errors.clear(services, filename=filename, bundle_name=BUNDLE, tenant_id=tenant_id)


def sentence(error: Exception) -> str:
    """What people are told of one of FAILURES."""
    hint = getattr(error, "hint", None)
    return f"{error} ({hint})" if hint else str(error)


async def _look(services: Services, channel: Channel) -> None:
    settings, reference = services.settings, Reference.parse(channel.reference)
    digest = await pulling.in_thread(lambda: pulling.digest_of(settings, reference))
    if digest == channel.digest:
        return
    pulled, origin = await _pulled(services, reference.at(tag=reference.tag, digest=digest))
    async with services.channel_turn:
        # It may follow another tag by now, or none.
        now_followed = await services.store.read_rows(
            lambda conn: channels.find(conn, tenant_id=channel.tenant_id, dag_id=channel.dag_id)
        )
        if now_followed is None or now_followed.pk != channel.pk:
            return
        await register.register(
            services,
            pulled.document,
            user=channel.created_by,
            tenant_id=channel.tenant_id,
            expected_dag_id=channel.dag_id,
            origin=origin,
        )
        await services.store.write_rows(
            lambda conn: channels.moved(conn, channel.pk, digest=digest, now=datetime.now(UTC))
        )
    _log.info("deployed what a channel names", extra={"dag_id": channel.dag_id, "digest": digest})


async def _pulled(services: Services, reference: Reference) -> tuple[pulling.Pulled, register.Origin]:
    pulled, origin = await register.pull(services, reference)
    return pulled, register.Origin(via="channel", reference=origin.reference, is_signed=origin.is_signed)


async def _complain(services: Services, channel: Channel, text: str) -> None:
    if text == channel.error:
        return
    if not await services.store.write_rows(lambda conn: channels.failed(conn, channel.pk, error=text)):
        return
    _log.warning("a channel stays where it is", extra={"dag_id": channel.dag_id, "reason": text})
    await import_errors.put(
        services,
        filename=channel.reference,
        text=text,
        dag_id=channel.dag_id,
        bundle_name=BUNDLE,
        tenant_id=channel.tenant_id,
    )


async def _clear(services: Services, channel: Channel) -> None:
    await import_errors.clear(
        services, filename=channel.reference, bundle_name=BUNDLE, tenant_id=channel.tenant_id
    )
