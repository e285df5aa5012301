"""docs/quickstart.md, typed by a machine."""

from __future__ import annotations

import stat

import pytest

from tests.acceptance.driving import Machine, as_json, until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


def test_from_init_to_a_green_run(machine: Machine) -> None:
    assert machine.leoflow("init", "dags/hello").returncode == 0
    with machine.lite() as lite:
        lite.wait_for_dag("hello")
        done = machine.leoflow("runs", "trigger", "hello", "--wait", "--json")
        assert done.returncode == 0, done.stderr + lite.said
        run_id = as_json(done)["dag_run_id"]
        status = as_json(machine.leoflow("runs", "status", "hello", run_id, "--json"))
        assert "success" in str(status)
        log = machine.leoflow("runs", "logs", "hello", run_id, "shout")
        assert "HELLO, WORLD!" in log.stdout, log.stderr
        assert "hello" in str(as_json(machine.leoflow("dags", "list", "--json")))


def test_a_failed_run_fails_the_command(machine: Machine) -> None:
    machine.project(
        "broken",
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n\n"
        'with DAG("broken", schedule=None):\n'
        '    BashOperator(task_id="no", bash_command="echo so it goes; exit 3")\n',
    )
    with machine.lite() as lite:
        lite.wait_for_dag("broken")
        done = machine.leoflow("runs", "trigger", "broken", "--wait", "--json")
        assert done.returncode == 1
        run_id = lite.get("/api/v2/dags/broken/dagRuns")["dag_runs"][0]["dag_run_id"]
        assert "so it goes" in lite.log("broken", run_id, "no")


def test_a_task_inherits_nothing_of_the_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = {"LEOFLOW_SECRET_OF_THE_SERVER": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    machine = Machine(folder=tmp_path_factory.mktemp("m"), environment=secret)
    machine.project(
        "inherits",
        "from airflow.sdk import DAG, task\n\n"
        'with DAG("inherits", schedule=None):\n\n'
        "    @task\n"
        "    def look() -> dict:\n"
        "        import os\n"
        "        opened = [os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')\n"
        "                  if os.path.lexists(f'/proc/self/fd/{fd}')]\n"
        "        return {'env': sorted(os.environ), 'files': opened}\n\n"
        "    look()\n",
    )
    with machine.lite() as lite:
        lite.wait_for_dag("inherits")
        run_id = lite.trigger("inherits")
        assert lite.finish("inherits", run_id) == "success"
        path = f"/api/v2/dags/inherits/dagRuns/{run_id}/taskInstances/look/xcomEntries/return_value"
        seen = lite.get(path + "?deserialize=true")["value"]
        assert not set(secret) & set(seen["env"])
        assert not [file for file in seen["files"] if "leoflow.db" in file or "lite.lock" in file]


def test_the_password_is_kept_as_a_hash_and_can_be_reset(machine: Machine) -> None:
    with machine.lite() as lite:
        state = machine.state / "lite"
        assert stat.S_IMODE((state / "secrets.json").stat().st_mode) == 0o600
        for file in state.iterdir():
            if file.is_file():
                assert lite.password.encode() not in file.read_bytes()
        old_password, old_token = lite.password, lite.token
        done = machine.leoflow("lite", "reset-password")
        assert done.returncode == 0, done.stderr
        lite.password = done.stdout.split()[1]
        assert lite.password != old_password
        until(lambda: lite.api("GET", "/api/v2/dags").status_code == 401, "the old token is void")
        lite.login()
        assert lite.token != old_token
        assert lite.api("GET", "/api/v2/dags").status_code == 200
        assert lite.stop() == 0
        assert "shown this once" in lite.said
        lite.start()
        assert "shown this once" not in lite.said
        lite.login()


def test_metrics_health_and_version_answer(machine: Machine) -> None:
    with machine.lite() as lite:
        health = lite.get("/api/v2/monitor/health")
        assert health["metadatabase"]["status"] == "healthy"
        assert health["scheduler"]["status"] == "healthy"
        assert lite.get("/api/v2/version")["version"]
