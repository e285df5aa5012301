"""Where tasks run: the executor that the settings name, with what it needs around it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from leoflow_runtime.executors.agent_process import AgentOptions, AgentProcess
from leoflow_runtime.executors.host_desk import HostDesk
from leoflow_runtime.executors.native.executor import NativeExecutor
from leoflow_runtime.executors.native.guard import AddressPolicy
from leoflow_runtime.executors.protocol import Executor
from leoflow_runtime.executors.routed import RoutedExecutor
from leoflow_runtime.executors.subprocess import SubprocessExecutor
from leoflow_server.agents import LOCAL_HOST, AgentService, tokens
from leoflow_server.listening import CannotStart
from leoflow_server.native import NativeLaunches
from leoflow_server.store.dialects import database

if TYPE_CHECKING:
    from leoflow_server.services import Services
    from leoflow_server.settings import Settings


class Execution(Protocol):
    """One executor, from before the agents' service is there until after it is of use."""

    @property
    def executor(self) -> Executor: ...

    @property
    def desk(self) -> HostDesk:
        """Where a host agent attaches."""

    @property
    def bundles(self) -> Path | None:
        """Where the code of tasks is unpacked on this machine; None: it is in their images."""

    def ended(self, launch_id: int) -> None:
        """The end of a launch is on record."""

    async def start(self, services: Services, agents: AgentService) -> None:
        """Once the agents' service listens. Raises CannotStart."""

    async def take_up(self) -> None:
        """This replica plans from now on."""

    async def stand_by(self) -> None:
        """Another replica plans from now on: what runs goes on, and is that one's business."""

    async def stop(self) -> None: ...


def execution_of(settings: Settings) -> Execution:
    other: Execution = (
        PodExecution(settings) if settings.executor == "kubernetes" else LocalExecution(settings)
    )
    return NativeExecution(other, settings) if settings.native_tasks else other


class NativeExecution:
    """What needs no process runs here, everything else where `other` runs it."""

    def __init__(self, other: Execution, settings: Settings) -> None:
        self._other = other
        policy = AddressPolicy.parse(
            allowed=settings.native_allow, denied=settings.native_deny, only=settings.native_only
        )
        self._native = NativeExecutor(
            policy=policy, calls=settings.native_calls, clock=lambda: datetime.now(UTC)
        )
        self.executor = RoutedExecutor(self._native, other.executor)
        self.desk = other.desk
        self.bundles = other.bundles

    def ended(self, launch_id: int) -> None:
        self._other.ended(launch_id)

    async def start(self, services: Services, agents: AgentService) -> None:
        self._native.start(
            NativeLaunches(
                store=services.store,
                engine=services.engine,
                logs=services.logs,
                cipher=services.access.cipher,
                metrics=services.metrics,
                xcoms=services.xcoms,
            )
        )
        await self._other.start(services, agents)

    async def take_up(self) -> None:
        await self._other.take_up()

    async def stand_by(self) -> None:
        await self._native.let_go()
        await self._other.stand_by()

    async def stop(self) -> None:
        await self._native.stop()
        await self._other.stop()


class LocalExecution:
    """Processes of this machine, under one host agent."""

    def __init__(self, settings: Settings) -> None:
        self.desk = HostDesk()
        self._host = replica_name(settings) if database(settings.database_url).is_shared else LOCAL_HOST
        self.executor = SubprocessExecutor(self.desk, host=self._host)
        self.bundles: Path | None = settings.bundles_dir
        self._is_lite = settings.lite

    def ended(self, launch_id: int) -> None:
        self.desk.ended(launch_id)

    async def start(self, services: Services, agents: AgentService) -> None:
        settings = services.settings
        host = "127.0.0.1" if settings.grpc_host in ("0.0.0.0", "::", "") else settings.grpc_host  # noqa: S104
        own = f"{host}:{services.ports.grpc}"
        others = [address.strip() for address in settings.agents_address.split(",") if address.strip()]
        agent = AgentProcess(
            AgentOptions(
                server=",".join([own, *(address for address in others if address != own)]),
                spool=settings.spool_dir,
                log=settings.agent_log,
                capacity=settings.capacity,
                heartbeat_seconds=settings.heartbeat_seconds,
                idle_zygote_seconds=settings.idle_zygote_seconds,
                max_zygotes=settings.max_zygotes,
                orphan_seconds=settings.orphan_seconds,
            ),
            enrol=lambda token: agents.enrol_host(self._host, token),
            started=services.metrics.agent_started,
        )
        await self.executor.start(agent)

    async def take_up(self) -> None:
        """Agents come by themselves."""

    async def stand_by(self) -> None:
        self.desk.dismiss_all()

    async def stop(self) -> None:
        # A server that is restarted leaves running tasks to its successor; Lite ends them with itself.
        await self.executor.stop(dismiss=self._is_lite or not self.desk.held())


class PodExecution:
    """Pods of a cluster; they outlive the server."""

    def __init__(self, settings: Settings) -> None:
        from leoflow_runtime.executors.kubernetes.executor import KubernetesExecutor
        from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings

        names = [name.strip() for name in settings.kubernetes_pull_secrets.split(",")]
        self.desk = HostDesk()  # nobody attaches
        self._watches = False
        self.bundles: Path | None = None
        self.executor = KubernetesExecutor(
            KubernetesSettings(
                server=settings.agents_address,
                namespace=settings.kubernetes_namespace,
                instance=settings.kubernetes_instance,
                kubeconfig=Path(settings.kubernetes_config) if settings.kubernetes_config else None,
                pull_secrets=tuple(name for name in names if name),
                service_account=settings.kubernetes_service_account,
                privileged=settings.kubernetes_privileged,
                start_seconds=settings.kubernetes_start_seconds,
            ),
            mint=partial(tokens.mint, settings.launch_secret),
        )

    def ended(self, launch_id: int) -> None:
        self.executor.reported(launch_id)

    async def start(self, services: Services, agents: AgentService) -> None:
        from leoflow_runtime.executors.kubernetes.cluster import ClusterSettingsInvalid

        self._agents = agents
        try:
            await self.executor.start(agents)
        except ClusterSettingsInvalid as error:
            raise CannotStart(str(error)) from error
        self._watches = True
        if not services.engine.is_planning:
            await self.stand_by()

    async def take_up(self) -> None:
        if not self._watches:
            self._watches = True
            await self.executor.start(self._agents)

    async def stand_by(self) -> None:
        self._watches = False
        await self.executor.stop()

    async def stop(self) -> None:
        await self.stand_by()


def replica_name(settings: Settings) -> str:
    """One for each home, which one server holds at a time: after a crash, its own is its own again."""
    return f"{socket.gethostname()}:{settings.home}"[-200:]
