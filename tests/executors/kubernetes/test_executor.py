"""The executor against an API that can be made to fail: what it makes, adopts, ends and puts on record."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.executors.kubernetes.causes import Ending
from leoflow_runtime.executors.kubernetes.cluster import ApiRefused
from leoflow_runtime.executors.kubernetes.executor import KubernetesExecutor
from leoflow_runtime.executors.kubernetes.settings import KubernetesSettings
from leoflow_runtime.executors.protocol import LaunchOrder, LaunchRefused
from tests.engine.executor_conformance import ExecutorConformance, order

from .fake_api import NAMESPACE, FakeApi

pytestmark = pytest.mark.anyio
DEADLINE = 15.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Record:
    """What was put on record, in order. `refuse`: the next attempts fail. `opened`: an agent was let in."""

    def __init__(self) -> None:
        self.ended: list[tuple[int, Ending]] = []
        self.refuse = 0
        self.opened: set[int] = set()
        self._changed = asyncio.Condition()

    async def conclude(self, launch_id: int, outcome: Outcome, reason: str) -> None:
        self._fail_if_away()
        self.ended.append((launch_id, Ending(outcome=outcome, reason=reason)))
        async with self._changed:
            self._changed.notify_all()

    async def withdraw(self, launch_id: int) -> bool:
        self._fail_if_away()
        return launch_id not in self.opened

    def _fail_if_away(self) -> None:
        if self.refuse:
            self.refuse -= 1
            raise ConnectionError("the database is away")

    async def of(self, launch_id: int) -> Ending:
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(lambda: launch_id in dict(self.ended))
        return dict(self.ended)[launch_id]


@asynccontextmanager
async def started(
    api: FakeApi, folder: Path, record: Record, **more: float
) -> AsyncIterator[KubernetesExecutor]:
    settings = KubernetesSettings(
        server="leoflow:9091",
        namespace=NAMESPACE,
        kubeconfig=api.kubeconfig(folder),
        **more,  # type: ignore[arg-type]
    )
    executor = KubernetesExecutor(settings, mint=lambda launch, generation: f"token-{launch}-{generation}")
    await executor.start(record)
    try:
        await api.until(lambda: api.watches > 0)
        yield executor
    finally:
        await executor.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi().running() as api:
        yield api


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
async def executor(api: FakeApi, tmp_path: Path, record: Record) -> AsyncIterator[KubernetesExecutor]:
    async with started(api, tmp_path, record) as executor:
        yield executor


class TestKubernetesExecutor(ExecutorConformance):
    """What every executor promises."""


async def test_a_launch_is_a_secret_and_a_pod(api: FakeApi, executor: KubernetesExecutor) -> None:
    await executor.launch(order(7))
    assert api.objects["secrets"]["leoflow-7"]["stringData"] == {"token": "token-7-1"}
    assert list(api.objects["pods"]) == ["leoflow-7"]


async def test_a_version_without_an_image_is_refused(api: FakeApi, executor: KubernetesExecutor) -> None:
    bare = LaunchOrder(
        launch_id=7,
        generation=1,
        dag_id="sales",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        content_digest="sha256:0",
    )
    with pytest.raises(LaunchRefused, match="This version of sales has no image"):
        await executor.launch(bare)
    assert await executor.running() == frozenset()
    assert api.objects["secrets"] == {}


async def test_what_the_api_will_always_refuse_is_refused_with_its_words(
    api: FakeApi, executor: KubernetesExecutor
) -> None:
    for status in (400, 403, 404, 422):
        api.answers["POST", "pods"] = [(status, 'Pod "leoflow-7" is invalid: must match the regex')]
        with pytest.raises(LaunchRefused, match="must match the regex"):
            await executor.launch(order(7))


PASSING = [(503, "overloaded"), (403, "exceeded quota: pods"), (429, "slowly"), (401, "who are you")]


@pytest.mark.parametrize("answer", PASSING)
async def test_what_may_pass_can_be_ordered_again(
    api: FakeApi, executor: KubernetesExecutor, answer: tuple[int, str]
) -> None:
    # A login that has run out is renewed once before it counts.
    api.answers["POST", "pods"] = [answer] * (2 if answer[0] == 401 else 1)
    with pytest.raises(ApiRefused, match=answer[1]):
        await executor.launch(order(7))
    assert await executor.running() == frozenset()
    await executor.launch(order(7))
    assert await executor.running() == {7}
    assert list(api.objects["pods"]) == ["leoflow-7"]


@pytest.mark.parametrize(("kind", "method"), [("secrets", "PUT"), ("pods", "GET")])
async def test_a_name_that_becomes_free_meanwhile_can_be_ordered_again(
    api: FakeApi, executor: KubernetesExecutor, kind: str, method: str
) -> None:
    api.answers["POST", kind] = [(409, "already exists")]
    api.answers[method, kind] = [(404, "not found")]
    with pytest.raises(ApiRefused, match="already exists"):
        await executor.launch(order(7))
    await executor.launch(order(7))
    assert list(api.objects["pods"]) == ["leoflow-7"]


async def test_a_pod_of_another_record_is_not_taken_for_ours(
    api: FakeApi, tmp_path: Path, executor: KubernetesExecutor
) -> None:
    await executor.launch(order(7))
    api.objects["pods"]["leoflow-7"]["metadata"]["annotations"]["leoflow.dev/run-id"] = "another"
    await executor.stop()
    api.objects["pods"]["leoflow-7"]["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "leoflow"}
    api.objects["pods"]["leoflow-7"]["metadata"]["labels"]["app.kubernetes.io/instance"] = "theirs"
    async with started(api, tmp_path, Record()) as ours:
        with pytest.raises(LaunchRefused, match="belongs to another control plane"):
            await ours.launch(order(7))


async def test_an_ended_pod_is_put_on_record_and_then_removed(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    await executor.launch(order(7))
    record.refuse = 1
    api.change("leoflow-7", phase="Failed", reason="Evicted", message="low on memory")
    ended = await record.of(7)
    assert ended.outcome is Outcome.LOST
    assert "evicted the pod: low on memory" in ended.reason
    await api.until(lambda: not api.objects["pods"] and not api.objects["secrets"])
    await until(lambda: not executor._held)
    assert len(record.ended) == 1


async def test_what_the_agent_reported_is_not_put_on_record_again(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    await executor.launch(order(7))
    executor.reported(7)
    api.change("leoflow-7", phase="Succeeded")
    await api.until(lambda: not api.objects["pods"])
    await until(lambda: not executor._held)
    assert record.ended == []


async def test_a_pod_that_stays_after_its_report_is_removed(
    api: FakeApi, tmp_path: Path, record: Record
) -> None:
    async with started(api, tmp_path, record, start_seconds=0.05, leave_seconds=0.05) as executor:
        await executor.launch(order(7))
        api.change("leoflow-7", phase="Running")
        executor.reported(7)
        await api.until(lambda: not api.objects["pods"])


async def test_a_cancelled_launch_ends_as_cancelled(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    await executor.launch(order(7))
    await executor.cancel(7, "the run was stopped")
    assert await record.of(7) == Ending(outcome=Outcome.CANCELLED, reason="the run was stopped")


async def test_a_failed_cancellation_can_be_repeated(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    await executor.launch(order(7))
    api.change("leoflow-7", phase="Running")
    await until(lambda: not executor._held[7].is_waiting())
    api.answers["DELETE", "pods"] = [(500, "etcd is slow")]
    with pytest.raises(ApiRefused):
        await executor.cancel(7, "first")
    await executor.cancel(7, "second")
    assert (await record.of(7)).reason == "second"


async def test_somebody_elses_deletion_is_told_as_such(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    await executor.launch(order(7))
    api.remove("leoflow-7")
    assert (await record.of(7)).reason == "The pod was deleted, and not by Leoflow."


async def test_a_restart_adopts_what_runs_and_concludes_what_ended(
    api: FakeApi, tmp_path: Path, record: Record
) -> None:
    async with started(api, tmp_path, record) as executor:
        for launch_id in (7, 8):
            await executor.launch(order(launch_id))
        api.change("leoflow-7", phase="Running")
    api.change("leoflow-8", phase="Failed")
    async with started(api, tmp_path, record) as executor:
        await record.of(8)
        await until(lambda: set(executor._held) == {7})
        assert await executor.running() == {7}
        assert list(api.objects["pods"]) == ["leoflow-7"]


async def test_nobody_knows_what_is_held_before_the_first_list(
    api: FakeApi, tmp_path: Path, record: Record
) -> None:
    api.answers["GET", "pods"] = [(500, "starting")]
    settings = KubernetesSettings(
        server="leoflow:9091", namespace=NAMESPACE, kubeconfig=api.kubeconfig(tmp_path)
    )
    executor = KubernetesExecutor(settings, mint=lambda *_: "t")
    assert await executor.running() is None
    await executor.start(record)
    try:
        await api.until(lambda: api.watches > 0)
        assert await executor.running() == frozenset()
    finally:
        await executor.stop()


@pytest.mark.parametrize("trouble", ["410", "cut"])
async def test_a_deletion_that_no_watch_told_is_found_by_the_next_list(
    api: FakeApi, executor: KubernetesExecutor, record: Record, trouble: str
) -> None:
    await executor.launch(order(7))
    await executor.launch(order(8))
    await until(lambda: executor._held[8].pod is not None)
    api.remove("leoflow-7", unseen=True)
    lists = api.lists
    if trouble == "410":
        api.forget_versions()
    else:
        api.break_watches()
    assert (await record.of(7)).outcome is Outcome.LOST
    assert api.lists == lists + 1
    await until(lambda: set(executor._held) == {8})


async def test_an_image_that_is_not_there_is_not_waited_for(
    api: FakeApi, tmp_path: Path, record: Record
) -> None:
    async with started(api, tmp_path, record) as executor:
        await executor.launch(order(7))
        missing = {"reason": "ErrImagePull", "message": "manifest unknown"}
        api.change("leoflow-7", containerStatuses=[{"name": "base", "state": {"waiting": missing}}])
        backing_off = {"reason": "ImagePullBackOff", "message": "Back-off"}
        api.change("leoflow-7", containerStatuses=[{"name": "base", "state": {"waiting": backing_off}}])
        ended = await record.of(7)
    assert ended.outcome is Outcome.FAILED_NO_RETRY, "no other pod would find it"
    assert ended.reason.endswith("cannot be pulled: manifest unknown")


async def test_a_pod_that_no_node_takes_is_given_up_in_time_and_with_the_reason(
    api: FakeApi, tmp_path: Path, record: Record
) -> None:
    async with started(api, tmp_path, record, start_seconds=0.2) as executor:
        await executor.launch(order(7))
        unschedulable = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}
        api.change("leoflow-7", conditions=[unschedulable])
        ended = await record.of(7)
    assert ended.reason == "The pod did not start within 0 s. No node takes the pod: 0/1 nodes"


async def test_a_pod_that_never_started_is_not_waited_for(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    api.releases_at_once = False
    await executor.launch(order(7))
    record.refuse = 1
    with pytest.raises(ConnectionError):
        await executor.cancel(7, "first")
    await executor.cancel(7, "second")
    assert await record.of(7) == Ending(outcome=Outcome.CANCELLED, reason="second")
    await api.until(lambda: not api.objects["pods"] and not api.objects["secrets"])


async def test_a_pod_whose_agent_was_let_in_ends_when_the_cluster_says_so(
    api: FakeApi, executor: KubernetesExecutor, record: Record
) -> None:
    api.releases_at_once = False
    await executor.launch(order(7))
    record.opened.add(7)  # the news that it runs is still on its way
    await executor.cancel(7, "the run was stopped")
    assert record.ended == []
    assert "deletionTimestamp" in api.objects["pods"]["leoflow-7"]["metadata"]
    api.remove("leoflow-7")
    assert (await record.of(7)).outcome is Outcome.CANCELLED


async def test_secrets_that_a_crash_left_behind_are_removed(
    api: FakeApi, tmp_path: Path, record: Record
) -> None:
    async with started(api, tmp_path, record) as executor:
        for launch_id in (7, 8, 9):
            await executor.launch(order(launch_id))
    for name in ("leoflow-7", "leoflow-8"):
        del api.objects["pods"][name]
    # 8 is young: another replica may be about to make its pod.
    api.objects["secrets"]["leoflow-7"]["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    async with started(api, tmp_path, record):
        await api.until(lambda: "leoflow-7" not in api.objects["secrets"])
        assert set(api.objects["secrets"]) == {"leoflow-8", "leoflow-9"}


def test_the_package_is_imported_when_a_cluster_is_connected_to() -> None:
    program = (
        "import sys, leoflow_runtime.executors.kubernetes.executor as one; "
        "print([name for name in ('kubernetes', 'aiohttp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
