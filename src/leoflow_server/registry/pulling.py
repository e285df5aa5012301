"""Reading artifacts from registries, as far as the policy lets the server reach.

Everything blocks; `in_thread` runs it in threads of its own, so that a slow registry holds up nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from leoflow_runtime.oci.credentials import CredentialsError, Method, credentials_for
from leoflow_runtime.oci.dag_artifact import pull_dag_artifact, relocated
from leoflow_runtime.oci.errors import BadAnswer, NotFound, RegistryError, Unreachable
from leoflow_runtime.oci.reference import BadReference, Reference
from leoflow_runtime.oci.registry import Registry
from leoflow_server.registry.policy import Denied, Policy
from leoflow_server.registry.signing import check_signature
from leoflow_server.settings import Settings

T = TypeVar("T")
LONGEST_SECONDS = 25.0  # less than what a client waits for
AT_ONCE = 16
_slots = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    """A document as the registry holds it: its bytes and its image are proven, its content is not checked."""

    reference: Reference  # with the digest of the artifact
    document: Mapping[str, Any]


def parse(text: str) -> Reference:
    """A reference to one artifact. Raises Denied for what is none."""
    try:
        found = Reference.parse(text)
    except BadReference as error:
        raise Denied(str(error)) from None
    if found.tag is None and found.digest is None:
        raise Denied(f"{text!r} names no artifact; add :TAG or @sha256:…")
    return found


def digest_of(settings: Settings, reference: Reference) -> str:
    """What a tag names now. Raises Denied, RegistryError."""
    with _opened(settings, reference) as registry:
        found = registry.head_manifest(reference.repository, reference.version)
    if found is None:
        raise NotFound(f"{reference.registry} has no {reference.repository}:{reference.version}")
    return found.digest


def pull(settings: Settings, reference: Reference) -> Pulled:
    """The artifact that a tag or digest names. Raises Denied, RegistryError.

    Its image has to be named by digest and to be there; its signature is asked for where the policy does.
    """
    with _opened(settings, reference) as registry:
        artifact = pull_dag_artifact(registry, reference.repository, reference.version)
        pinned = reference.at(tag=reference.tag, digest=artifact.digest)
        if settings.require_signature:
            check_signature(registry, reference.repository, artifact.digest, settings.signature_keys)
    # A copy has its image beside it; where an artifact travelled alone, the image is where it was built.
    for document in (relocated(artifact, pinned), artifact.document):
        if _image_is_there(settings, document, pinned):
            return Pulled(reference=pinned, document=document)
    raise NotFound(f"the image of {pinned} is not there: {artifact.document['image']}")


def _image_is_there(settings: Settings, document: Any, pinned: Reference) -> bool:
    """Raises BadAnswer where the document has no image by digest, Denied, RegistryError."""
    text = document.get("image") if isinstance(document, Mapping) else None
    try:
        image = Reference.parse(text) if isinstance(text, str) else None
    except BadReference:
        image = None
    if image is None or image.digest is None:
        raise BadAnswer(f"the dag.json of {pinned} names no image by digest")
    with _opened(settings, image) as registry:
        return registry.head_manifest(image.repository, image.digest) is not None


async def in_thread(work: Callable[[], T]) -> T:
    """Raises Unreachable where it takes too long, or too many pulls hang already.

    The thread comes to its own end, and a server that stops does not wait for it.
    """
    if not _slots.acquire(blocking=False):
        raise Unreachable(f"{AT_ONCE} pulls are waiting for registries already; try again later")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(outcome: Callable[[], None]) -> None:
        if not answer.done():
            outcome()

    def run() -> None:
        outcome: Callable[[], None]
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            outcome = functools.partial(answer.set_exception, error)
        else:
            outcome = functools.partial(answer.set_result, result)
        finally:
            _slots.release()
        with contextlib.suppress(RuntimeError):  # the server has gone meanwhile
            loop.call_soon_threadsafe(tell, outcome)

    threading.Thread(target=run, name="registry", daemon=True).start()
    try:
        return await asyncio.wait_for(answer, LONGEST_SECONDS)
    except TimeoutError:
        raise Unreachable(f"the registry has not answered within {LONGEST_SECONDS:.0f} seconds") from None


def _opened(settings: Settings, reference: Reference) -> AbstractContextManager[Registry]:
    policy = Policy.of(settings)
    policy.admit(reference)
    method = cast(Method, settings.registry_auth_method)
    try:
        credentials = credentials_for(reference.registry, os.environ, method=method)
    except CredentialsError as error:
        raise RegistryError(str(error)) from None
    return Registry(
        reference.host,
        credentials=credentials,
        insecure=reference.registry in policy.insecure,
        may_reach=lambda url, source: policy.may_reach(reference, url, source=source),
    )
