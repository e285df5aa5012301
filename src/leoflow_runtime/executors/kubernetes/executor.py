"""The cluster's executor: a pod per launch, watched until its end is on record."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.kubernetes import causes
from leoflow_runtime.executors.kubernetes.causes import Ending
from leoflow_runtime.executors.kubernetes.cluster import ApiRefused, Cluster, ClusterUnreachable
from leoflow_runtime.executors.kubernetes.holding import Holding
from leoflow_runtime.executors.kubernetes.making import make_pod
from leoflow_runtime.executors.kubernetes.permitted import refusal
from leoflow_runtime.executors.kubernetes.pod import launch_of, name_of, selector
from leoflow_runtime.executors.kubernetes.record import LaunchRecord
from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings
from leoflow_runtime.executors.kubernetes.watch import Changed, Deleted, Listed, PodEvent, watch_pods
from leoflow_runtime.executors.protocol import LaunchOrder, LaunchRefused

_log = logging.getLogger("leoflow.executor")
_LOOK_SECONDS = 2.0
_AGAIN_SECONDS = 1.0
_YOUNG = timedelta(minutes=10)


class KubernetesExecutor:
    """`leoflow_runtime.executors.protocol.Executor`; `mint(launch, generation)` gives launch tokens."""

    def __init__(self, settings: KubernetesSettings, *, mint: Callable[[int, int], str]) -> None:
        self._settings = settings
        self._mint = mint
        self._cluster: Cluster | None = None
        self._record: LaunchRecord | None = None
        self._held: dict[int, Holding] = {}
        self._ending: set[int] = set()
        self._is_listed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, record: LaunchRecord) -> None:
        """Connects and begins to watch. Raises ClusterSettingsInvalid; a silent cluster is waited for."""
        self._cluster = await Cluster.connect(self._settings.kubeconfig, self._settings.namespace)
        self._record = record
        self._spawn(self._watch(self._cluster), "kubernetes-watch")
        self._spawn(self._look_after(), "kubernetes-look-after")

    async def stop(self) -> None:
        """Pods go on: the next executor finds them."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._cluster is not None:
            await self._cluster.close()
        # Where it is started again, the cluster says anew what there is.
        self._held.clear()
        self._ending.clear()
        self._is_listed = False

    async def launch(self, order: LaunchOrder) -> None:
        if not order.image:
            why = (
                f"This version of {order.dag_id} has no image to run in a pod: deploy it with leoflow deploy."
            )
            raise LaunchRefused(order.launch_id, why)
        against = refusal(
            executor=order.executor,
            run_as_user=order.run_as_user,
            override=order.pod_override,
            instance=self._settings.instance,
            privileged=self._settings.privileged,
        )
        if against is not None:
            raise LaunchRefused(order.launch_id, f"The task {order.task_id} cannot run in a pod: {against}.")
        if order.launch_id in self._held:
            return
        holding = self._held[order.launch_id] = Holding(since=time.monotonic())
        try:
            token = self._mint(order.launch_id, order.generation)
            made = await make_pod(self._api, order, token, self._settings)
            if holding.pod is None:  # else the watch was faster, and knows more
                holding.see(made, time.monotonic())
        except BaseException:
            self._held.pop(order.launch_id, None)
            raise

    async def cancel(self, launch_id: int, reason: str) -> None:
        """The agent gets SIGTERM and reports; a pod that never started is simply gone."""
        await self._end(launch_id, Ending(outcome=Outcome.CANCELLED, reason=reason))

    async def running(self) -> Collection[int] | None:
        return frozenset(self._held) if self._is_listed else None

    def obstacle(self, launch_id: int) -> str | None:
        """Why its pod has not started, in one sentence."""
        holding = self._held.get(launch_id)
        if holding is None or holding.obstacle is None or not holding.is_waiting():
            return None
        return holding.obstacle.reason

    def reported(self, launch_id: int) -> None:
        """The agent's report is on record: the pod has nothing left to do."""
        holding = self._held.get(launch_id)
        if holding is not None:
            holding.reported_at = time.monotonic()

    # What happens to pods

    async def _watch(self, cluster: Cluster) -> None:
        while True:
            try:
                async for event in watch_pods(cluster, selector(self._settings)):
                    self._take(event)
            except Exception:  # noqa: BLE001 - told to the log
                # A pod that nobody expected to look like this; without the watch nothing would ever end.
                _log.exception("the watch over pods failed; it begins again")
                await asyncio.sleep(_AGAIN_SECONDS)

    def _take(self, event: PodEvent) -> None:
        match event:
            case Listed(pods=pods, began=began):
                self._compare(pods, began)
            case Changed(pod=changed):
                self._see(changed)
            case Deleted(pod=deleted):
                self._see(deleted, is_deleted=True)

    def _compare(self, pods: Collection[Mapping[str, Any]], began: float) -> None:
        """Adopts what is there, and concludes what was there before and is not any more."""
        found = {launch_of(one) for one in pods}
        for launch_id, holding in list(self._held.items()):
            if launch_id not in found and holding.pod is not None and holding.was_there(began):
                self._conclude(launch_id, causes.ending(holding.pod, asked=holding.asked, is_deleted=True))
        for one in pods:
            self._see(one)
        if not self._is_listed and pods:
            _log.info("pods were found and adopted", extra={"pods": len(pods)})
        self._is_listed = True
        self._spawn(self._sweep(), "kubernetes-sweep")

    def _see(self, described: Mapping[str, Any], *, is_deleted: bool = False) -> None:
        launch_id = launch_of(described)
        if launch_id is None or launch_id in self._ending:
            return
        holding = self._held.get(launch_id)
        if holding is None:
            if is_deleted or (causes.has_ended(described) and described["metadata"].get("deletionTimestamp")):
                return  # its end is on record: that is when we delete a pod
            holding = self._held[launch_id] = Holding(since=time.monotonic())
        if holding.see(described, time.monotonic()) and holding.obstacle is not None:
            _log.warning("a pod waits: %s", holding.obstacle.reason, extra={"launch_id": launch_id})
        if is_deleted or causes.has_ended(described):
            self._conclude(launch_id, causes.ending(described, asked=holding.asked, is_deleted=is_deleted))

    async def _look_after(self) -> None:
        """Ends pods that will not start, and those that do not leave."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._settings.start_seconds))
            now = time.monotonic()
            for launch_id, holding in list(self._held.items()):
                why = holding.hopeless(now, self._settings)
                if why is None and holding.overstays(now, self._settings):
                    why = Ending(outcome=Outcome.LOST, reason="its agent reported and did not leave")
                if why is not None and holding.pod is not None:
                    try:
                        await self._end(launch_id, why)
                    except Exception as error:  # noqa: BLE001 - looked at again soon
                        _log.warning(
                            "a pod could not be ended yet: %s", error, extra={"launch_id": launch_id}
                        )

    async def _end(self, launch_id: int, why: Ending) -> None:
        holding = self._held.get(launch_id)
        if holding is not None and holding.asked is None:
            holding.asked = why  # before the call: the news of the deletion may be faster than its answer
        try:
            if holding is not None and holding.is_waiting() and await self._recorded.withdraw(launch_id):
                # Its agent will never be let in: no need to wait for a kubelet, which can take a minute to
                # give up a pod that never ran.
                self._conclude(launch_id, why)
            else:
                await self._api.delete("pods", name_of(launch_id, self._settings))
        except BaseException:
            if holding is not None and holding.asked is why:
                holding.asked = None
            raise

    # Conclusion

    def _conclude(self, launch_id: int, ending: Ending) -> None:
        if launch_id not in self._ending:
            self._ending.add(launch_id)
            self._spawn(self._put_on_record(launch_id, ending), f"conclude-{launch_id}")

    async def _put_on_record(self, launch_id: int, ending: Ending) -> None:
        """First the record, then the pod: what is not on record must be found again after a restart."""
        name = name_of(launch_id, self._settings)
        while True:
            try:
                holding = self._held.get(launch_id)
                if holding is None or holding.reported_at is None:
                    await self._recorded.conclude(launch_id, ending.outcome, ending.reason)
                # What stands beside the task gets its time to leave.
                is_over = holding is None or holding.pod is None or causes.is_over(holding.pod)
                await self._api.delete("pods", name, grace_seconds=0 if is_over else None)
                await self._api.delete("secrets", name)
                break
            except Exception:  # noqa: BLE001 - told to the log
                _log.exception("the end of launch %s could not be dealt with yet", launch_id)
                await asyncio.sleep(_AGAIN_SECONDS)
        self._held.pop(launch_id, None)
        self._ending.discard(launch_id)

    async def _sweep(self) -> None:
        """Secrets whose pods were never made, or are gone."""
        try:
            secrets, _ = await self._api.list_all("secrets", selector(self._settings))
            # A young one may belong to a launch that another replica is making.
            before = (datetime.now(UTC) - _YOUNG).isoformat()
            for secret in secrets:
                launch_id = launch_of(secret)
                is_old = secret["metadata"]["creationTimestamp"] < before
                if launch_id is not None and launch_id not in self._held and is_old:
                    await self._api.delete("secrets", secret["metadata"]["name"])
        except (ApiRefused, ClusterUnreachable) as error:
            _log.warning("Secrets without pods could not be looked for: %s", error)

    @property
    def _recorded(self) -> LaunchRecord:
        assert self._record is not None, "the executor was started"
        return self._record

    @property
    def _api(self) -> Cluster:
        if self._cluster is None:
            raise ClusterUnreachable("The executor has not connected to the cluster yet.")
        return self._cluster

    def _spawn(self, work: Any, name: str) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
