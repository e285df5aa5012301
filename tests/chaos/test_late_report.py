"""A report of a launch that is no longer the current one changes nothing, and is told to stop."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3

import grpc
import pytest

from leoflow_runtime.wire import agent_pb2, agent_pb2_grpc
from tests.acceptance.driving import Lite, Machine, until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

NOW = "2026-01-01T00:00:00+00:00"
DAG = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("slow", schedule=None):
    BashOperator(task_id="wait", bash_command="echo the real one ran")
"""


def launch_token(machine: Machine, launch: int, generation: int = 1) -> str:
    """What the server itself would hand out: the test reads the secret of this installation."""
    secret = json.loads((machine.state / "lite" / "secrets.json").read_text())["agent_secret"]
    signed = f"{launch}.{generation}"
    return f"{signed}.{hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()}"


def current_launch(lite: Lite) -> int | None:
    """The launch that the one task waits for."""
    with sqlite3.connect(f"file:{lite.machine.database}?mode=ro", uri=True, timeout=10) as database:
        row = database.execute("SELECT launch_id FROM task_instances WHERE launch_id IS NOT NULL").fetchone()
    return row[0] if row else None


def test_the_late_report_of_an_old_launch_is_refused(machine: Machine) -> None:
    """The test itself plays an agent that was cut off, and comes back after its task was cleared."""
    machine.project("slow", DAG)
    with machine.lite() as lite:
        lite.wait_for_dag("slow")
        stub = agent_pb2_grpc.AgentServiceStub(grpc.insecure_channel(f"127.0.0.1:{lite.grpc_port}"))
        lite.agent().suspend()  # the real agent must not take the launch first
        try:
            run_id = lite.trigger("slow")
            old = until(lambda: current_launch(lite), "a launch")
            token = launch_token(machine, old)  # the launch is open under the session of the real agent
            opened = stub.Open(agent_pb2.OpenRequest(launch_token=token, hostname="elsewhere"), timeout=10)
            session = (("authorization", f"Bearer {opened.session}"),)
            started = agent_pb2.StartedRequest(launch_id=old, started_at=NOW)
            assert stub.ReportStarted(started, timeout=10, metadata=session).accepted

            # A token is exchanged once.
            with pytest.raises(grpc.RpcError) as again:
                stub.Open(agent_pb2.OpenRequest(launch_token=token), timeout=10)
            assert again.value.code() == grpc.StatusCode.UNAUTHENTICATED

            cleared = lite.api(
                "POST",
                "/api/v2/dags/slow/clearTaskInstances",
                json={"dag_run_id": run_id, "task_ids": ["wait"], "dry_run": False, "only_failed": False},
            )
            assert cleared.status_code == 200, cleared.text
            beat = agent_pb2.HeartbeatRequest(launch_ids=[old])
            stop = stub.Heartbeat(beat, timeout=10, metadata=session).stop
            assert [command.launch_id for command in stop] == [old]

            # The cleared task starts again only when its old process is known to be gone.
            ended = agent_pb2.FinishedRequest(launch_id=old, outcome=agent_pb2.CANCELLED, finished_at=NOW)
            stub.ReportFinished(ended, timeout=10, metadata=session)
            until(lambda: (found := current_launch(lite)) and found > old, "a new launch")

            late = agent_pb2.FinishedRequest(
                launch_id=old, outcome=agent_pb2.SUCCESS, message="late", started_at=NOW, finished_at=NOW
            )
            reply = stub.ReportFinished(late, timeout=10, metadata=session)
            assert not reply.accepted
            assert reply.should_stop
        finally:
            lite.agent().resume()
        assert lite.finish("slow", run_id) == "success"
        (task,) = lite.tasks("slow", run_id)
        assert "the real one ran" in lite.log("slow", run_id, "wait", task["try_number"])


def test_an_invented_session_is_nobody(machine: Machine) -> None:
    with machine.lite() as lite:
        stub = agent_pb2_grpc.AgentServiceStub(grpc.insecure_channel(f"127.0.0.1:{lite.grpc_port}"))
        report = agent_pb2.FinishedRequest(launch_id=1, outcome=agent_pb2.SUCCESS)
        for metadata in (None, (("authorization", "Bearer invented"),)):
            with pytest.raises(grpc.RpcError) as refused:
                stub.ReportFinished(report, timeout=10, metadata=metadata)
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
