"""The pod of a launch, made at most once however often it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from leoflow_runtime.executors.kubernetes.cluster import ApiRefused, Cluster, Object
from leoflow_runtime.executors.kubernetes.pod import is_same_launch, name_of, pod, token_secret
from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings
from leoflow_runtime.executors.protocol import LaunchOrder, LaunchRefused

# Answers that may be another one later: a race, an API that is overloaded, a login of ours that has run out.
_PASSING = {401, 408, 409, 429, 500, 502, 503, 504}


async def make_pod(
    cluster: Cluster, order: LaunchOrder, token: str, settings: KubernetesSettings
) -> Mapping[str, Any]:
    """The pod as the API has it, made now or before. First the Secret, so that no pod waits for one.

    Raises LaunchRefused where the API will always say no, ApiRefused and ClusterUnreachable else.
    """
    try:
        await _give_token(cluster, token_secret(order, token, settings))
        return await _make(cluster, order, settings)
    except ApiRefused as error:
        if error.status in _PASSING or "exceeded quota" in str(error):
            raise
        raise LaunchRefused(order.launch_id, f"The cluster does not take the pod: {error}") from error


async def _give_token(cluster: Cluster, secret: dict[str, Any]) -> None:
    try:
        await cluster.create("secrets", secret)
    except ApiRefused as error:
        if error.status != 409:
            raise
        await _if_there(cluster.replace("secrets", secret), error)


async def _make(cluster: Cluster, order: LaunchOrder, settings: KubernetesSettings) -> Mapping[str, Any]:
    try:
        return await cluster.create("pods", pod(order, settings))
    except ApiRefused as error:
        if error.status != 409:
            raise
        name = name_of(order.launch_id, settings)
        there = await _if_there(cluster.read("pods", name), error)
        if is_same_launch(there, order):
            return there
        why = f"The pod {name} belongs to another control plane: give each its own kubernetes_instance."
        raise LaunchRefused(order.launch_id, why) from error


async def _if_there(call: Awaitable[Object], taken: ApiRefused) -> Object:
    """For a name that was taken a moment ago; free again by now, the order may be given again."""
    try:
        return await call
    except ApiRefused as error:
        raise (taken if error.status == 404 else error) from None
