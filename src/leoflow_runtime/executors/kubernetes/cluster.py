"""Kubernetes' API for one namespace, in plain dicts.

The `kubernetes` package finds and refreshes credentials and speaks TLS; its models, which take longer to
build than the calls, are left alone. It is imported when a cluster is connected to, and not before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_CALL_SECONDS = 30.0
# A watch ends by itself after this long, so that a connection that died unseen is noticed.
_WATCH_SECONDS = 240
Object = dict[str, Any]


class ClusterSettingsInvalid(Exception):
    """There is no way to the cluster; the text is one sentence that says why."""


class ApiRefused(Exception):
    """The API answered a call with an error; `status` is HTTP's, the text is the API's own."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class ClusterUnreachable(Exception):
    """The API did not answer."""


class Cluster:
    """Pods and Secrets of one namespace. Every call raises ApiRefused and ClusterUnreachable."""

    def __init__(self, client: Any, kubeconfig: Path | None, namespace: str) -> None:
        self._client = client
        self._kubeconfig = kubeconfig
        self._root = f"/api/v1/namespaces/{namespace}"

    @classmethod
    async def connect(cls, kubeconfig: Path | None, namespace: str) -> Cluster:
        """Reads credentials; says nothing to the cluster yet. Raises ClusterSettingsInvalid."""
        return cls(await _client(kubeconfig), kubeconfig, namespace)

    async def close(self) -> None:
        await self._client.close()

    async def create(self, kind: str, body: Object) -> Object:
        """`kind` is `pods` or `secrets`, here and below."""
        return await self._call("POST", f"/{kind}", body=body)

    async def replace(self, kind: str, body: Object) -> Object:
        return await self._call("PUT", f"/{kind}/{body['metadata']['name']}", body=body)

    async def read(self, kind: str, name: str) -> Object:
        return await self._call("GET", f"/{kind}/{name}")

    async def delete(self, kind: str, name: str, *, grace_seconds: int | None = None) -> bool:
        """False: there is none. `grace_seconds` None: as the object itself says."""
        query = {} if grace_seconds is None else {"gracePeriodSeconds": str(grace_seconds)}
        try:
            await self._call("DELETE", f"/{kind}/{name}", query)
        except ApiRefused as error:
            if error.status == 404:
                return False
            raise
        return True

    async def list_all(self, kind: str, selector: str) -> tuple[list[Object], str]:
        """All that the selector finds, and the version of the whole: where a watch goes on."""
        found: list[Object] = []
        query = {"labelSelector": selector, "limit": "500"}
        while True:
            answer = await self._call("GET", f"/{kind}", query)
            found += answer["items"]
            metadata = answer["metadata"]
            if not metadata.get("continue"):
                return found, metadata["resourceVersion"]
            query = {**query, "continue": metadata["continue"]}

    async def watch(self, kind: str, selector: str, version: str) -> AsyncIterator[Object]:
        """Events after `version` as the API sends them, until it ends the connection."""
        query = {
            "labelSelector": selector,
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        answer = await self._send("GET", f"/{kind}", query, seconds=_WATCH_SECONDS + 30.0)
        async with answer.response as response:
            with _told_as_unreachable():
                async for line in response.content:
                    yield json.loads(line)

    async def _call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Object | None = None
    ) -> Object:
        answer = await self._send(method, path, query or {}, body=body, seconds=_CALL_SECONDS)
        with _told_as_unreachable():
            return cast(Object, json.loads(await answer.read()))

    async def _send(
        self, method: str, path: str, query: Mapping[str, str], *, body: Object | None = None, seconds: float
    ) -> Any:
        with _told_as_unreachable():
            answer = await self._send_once(method, path, query, body, seconds)
            if answer.status == 401:
                # Credentials that a helper program gave for some minutes: ask it again, once.
                await self._reconnect()
                answer = await self._send_once(method, path, query, body, seconds)
            if answer.status >= 300:
                raise ApiRefused(answer.status, _message(await answer.read(), answer.status))
            return answer

    async def _send_once(
        self, method: str, path: str, query: Mapping[str, str], body: Object | None, seconds: float
    ) -> Any:
        client = self._client
        method, url, headers, data, _ = await client.param_serialize(
            method,
            self._root + path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        return await client.call_api(method, url, header_params=headers, body=data, _request_timeout=seconds)

    async def _reconnect(self) -> None:
        try:
            renewed = await _client(self._kubeconfig)
        except ClusterSettingsInvalid as error:
            raise ClusterUnreachable(str(error)) from error
        old, self._client = self._client, renewed
        await old.close()


async def _client(kubeconfig: Path | None) -> Any:
    client, config = await asyncio.to_thread(_package)
    configuration = client.Configuration()
    try:
        if kubeconfig is None and _is_in_a_pod():
            config.load_incluster_config(configuration)
        else:
            found = str(kubeconfig) if kubeconfig else None
            await config.load_kube_config(found, client_configuration=configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        raise ClusterSettingsInvalid(f"There is no way to the cluster: {error}") from error
    return client.ApiClient(configuration)


def _is_in_a_pod() -> bool:
    return "KUBECONFIG" not in os.environ and os.path.exists(_SERVICE_ACCOUNT)


def _package() -> tuple[Any, Any]:
    """Takes more than a second, the first time."""
    try:
        from kubernetes.aio import client, config
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("kubernetes", "aiohttp"):
            raise
        raise ClusterSettingsInvalid(
            "The Kubernetes executor needs the package kubernetes: pip install 'leoflow[pro]'."
        ) from None
    return client, config


@contextlib.contextmanager
def _told_as_unreachable() -> Iterator[None]:
    from aiohttp import ClientError

    try:
        yield
    except (ClientError, OSError, TimeoutError) as error:
        raise ClusterUnreachable(
            f"The cluster's API cannot be reached: {error or type(error).__name__}"
        ) from error


def _message(data: bytes, status: int) -> str:
    """What the API's Status object says."""
    try:
        text = json.loads(data)["message"]
    except (ValueError, KeyError, TypeError):
        text = data.decode(errors="replace")[:200]
    return str(text) or f"status {status}"
