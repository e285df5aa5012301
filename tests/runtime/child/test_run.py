"""One task, run in a real process: what it sees, what it leaves, how it may end."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from .task_process import Project

HEADER = """
from airflow.sdk import DAG, task, get_current_context, Variable, BaseHook, Param
from airflow.exceptions import *
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import (
    BranchPythonOperator, PythonOperator, ShortCircuitOperator,
)
"""


def write(project: Project, body: str) -> None:
    project.write(HEADER + "with DAG('d', params={'limit': 3}):\n" + body.replace("\n", "\n    "))


def given(task_id: str, *value: Any, key: str = "return_value") -> dict[str, Any]:
    return {"task_id": task_id, "key": key, "map_index": -1, **({"value": value[0]} if value else {})}


class TestOutput:
    def test_prints_and_logs_become_records_in_order(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import logging, sys, warnings
                print("one")
                logging.getLogger("mine").warning("two %s", 2)
                print("three", file=sys.stderr)
                logging.getLogger("mine").debug("not shown")
                sys.stdout.buffer.write(b"four\\n")
                print("five", end="")
            t()
            """,
        )

        ended = project.run("t")

        shown = [(record["level"], record["logger"], record["event"]) for record in ended.records]
        assert [line for line in shown if not line[1].startswith("airflow.")] == [
            ("info", "task.stdout", "one"),
            ("warning", "mine", "two 2"),
            ("error", "task.stderr", "three"),
            ("info", "task.stdout", "four"),
            ("info", "task.stdout", "five"),
        ]
        assert all(record["timestamp"].endswith("Z") for record in ended.records)

    def test_output_of_sub_processes_is_raw(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import subprocess, sys
                subprocess.run(["echo", "from below"], stdout=sys.stdout, check=True)
            t()
            """,
        )

        assert project.run("t").raw_lines == ["from below"]

    def test_a_line_without_end_is_given_out_in_pieces(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                print("x" * 150_000)
            t()
            """,
        )

        printed = project.run("t").printed()

        assert "".join(printed) == "x" * 150_000

    def test_a_progress_bar_is_one_line(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import sys
                for percent in (10, 50, 100):
                    sys.stderr.write(f"\\r{percent}%")
                sys.stderr.write("\\n")
            t()
            """,
        )

        assert project.run("t").printed("task.stderr") == ["100%"]


class TestValues:
    def test_inputs_are_given_where_the_call_has_outputs(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def a(n=0): return n
            @task
            def t(one, many, nested, key, *, option="o"):
                return [one, many, nested, key, option]
            t(a(), [a(1), a(2)], {"x": (a(3), "lit")}, key=a(4)["k"])
            """,
        )

        ended = project.run(
            "t",
            inputs=[
                given("a", 10),
                given("a__1", 11),
                given("a__2"),
                given("a__3", {"__leoflow__": "date", "value": "2026-01-02"}),
                given("a__4", "v", key="k"),
            ],
        )

        assert ended.result["outcome"] == "success"
        assert ended.xcoms["return_value"] == [
            10,
            [11, None],
            {"x": [{"__leoflow__": "date", "value": "2026-01-02"}, "lit"]},
            "v",
            "o",
        ]

    def test_a_large_input_comes_through(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def a(): return ""
            @task
            def t(text): return len(text)
            t(a())
            """,
        )

        assert project.run("t", inputs=[given("a", "x" * 5_000_000)]).xcoms == {"return_value": 5_000_000}

    def test_none_pushes_nothing(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(): pass
            t()
            """,
        )

        assert project.run("t").xcoms == {}

    def test_multiple_outputs_push_each_key_and_the_whole(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t() -> dict[str, int]: return {"a": 1, "b": 2}
            t()
            """,
        )

        assert project.run("t").xcoms == {"a": 1, "b": 2, "return_value": {"a": 1, "b": 2}}

    def test_pushed_values_are_kept_and_visible_to_own_pulls(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(ti):
                ti.xcom_push(key="k", value={1, 2})
                assert ti.xcom_pull(key="k") == {1, 2}
                return ti.xcom_pull(task_ids="t", key="k") == {1, 2}
            t()
            """,
        )

        assert project.run("t").xcoms == {
            "k": {"__leoflow__": "set", "value": [1, 2]},
            "return_value": True,
        }

    def test_a_key_that_was_never_pushed_fails_the_task(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def a(): pass
            @task
            def t(v): return v
            t(a()["k"])
            """,
        )

        ended = project.run("t", inputs=[given("a", key="k")])

        assert ended.result["message"] == (
            'XComNotFound: XComArg result from a at d with key="k" is not found!'
        )

    def test_a_missing_entry_of_an_output_dict_is_none(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def a() -> dict: pass
            @task
            def t(v): return [v]
            t(a()["k"])
            """,
        )

        assert project.run("t", inputs=[given("a", key="k")]).xcoms == {"return_value": [None]}

    def test_do_xcom_push_false_pushes_nothing(self, project: Project) -> None:
        write(
            project,
            """
            @task(do_xcom_push=False)
            def t(): return 1
            t()
            """,
        )

        assert project.run("t").xcoms == {}

    @pytest.mark.parametrize(
        ("expression", "message"),
        [
            ("object()", "ValueNotStorable: The XCom 'return_value' cannot hold a value of type object"),
            ("'x' * 300_000", "ValueTooLarge: The XCom 'return_value' is 300,002 bytes of JSON"),
            (
                "float('nan')",
                "ValueNotStorable: The XCom 'return_value' cannot hold a value of type float (nan)",
            ),
        ],
    )
    def test_a_value_that_cannot_be_stored_fails_the_task(
        self, project: Project, expression: str, message: str
    ) -> None:
        write(
            project,
            f"""
            @task
            def t(): return {expression}
            t()
            """,
        )

        ended = project.run("t")

        assert ended.result["outcome"] == "failed"
        assert ended.result["message"].startswith(message)


class TestContext:
    def test_names_of_the_context_are_given_to_parameters(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(ti, dag_run, ds, ts, ts_nodash, run_id, params, logical_date,
                  data_interval_start, task=None):
                return [ti.task_id, ti.try_number, ti.max_tries, ti.map_index, dag_run.run_id,
                        dag_run.conf, ds, ts, ts_nodash, run_id, params, logical_date,
                        data_interval_start, task.task_id]
            t()
            """,
        )

        ended = project.run(
            "t",
            try_number=2,
            context={"conf_json": '{"c": 1}', "params_json": '{"limit": 9}'},
        )

        stamp = {"__leoflow__": "datetime", "value": "2026-03-01T04:05:06+00:00"}
        assert ended.xcoms["return_value"] == [
            "t",
            2,
            2,
            -1,
            "run-1",
            {"c": 1},
            "2026-03-01",
            "2026-03-01T04:05:06+00:00",
            "20260301T040506",
            "run-1",
            {"limit": 9},
            stamp,
            {**stamp, "value": "2026-02-28T04:05:06+00:00"},
            "t",
        ]

    def test_without_a_logical_date_its_names_are_none(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(ds=None, logical_date=None, **context):
                return [ds, logical_date, "ts" in context, context["dag_run"].logical_date]
            t()
            """,
        )

        ended = project.run("t", context={"logical_date": "", "data_interval_start": ""})

        assert ended.xcoms["return_value"] == [None, None, False, None]

    def test_the_current_context_is_there_while_the_task_runs(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(): return get_current_context()["ti"].run_id
            t()
            """,
        )

        assert project.run("t").xcoms == {"return_value": "run-1"}

    def test_a_tasks_own_params_win_over_the_dags_and_conf_over_both(self, project: Project) -> None:
        write(
            project,
            """
            @task(params={"limit": 5, "mode": Param("fast")})
            def t(params): return [params["limit"], params["mode"]]
            t()
            """,
        )

        plain = project.run("t", context={"params_json": '{"limit": 3}'})
        with_conf = project.run(
            "t", context={"params_json": '{"limit": 8}', "conf_json": '{"limit": 8, "mode": "slow"}'}
        )

        assert plain.xcoms["return_value"] == [5, "fast"]
        assert with_conf.xcoms["return_value"] == [8, "slow"]

    def test_arguments_of_a_dag_function_are_the_runs_params(self, project: Project) -> None:
        project.write(
            """
            from airflow.sdk import dag, task
            @dag
            def d(size: int = 4):
                @task
                def t(n): return n
                t(size)
            d()
            """
        )

        assert project.run("t", context={"params_json": '{"size": 6}'}).xcoms == {"return_value": 6}

    def test_variables_and_connections_come_with_the_launch(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                c = BaseHook.get_connection("db")
                return [Variable.get("region"), Variable.get("cfg", deserialize_json=True)["a"],
                        c.conn_type, c.host, c.port, c.login, c.password, c.schema, c.extra_dejson]
            t()
            """,
        )

        ended = project.run(
            "t",
            variables={"region": "eu", "cfg": '{"a": 1}'},
            connections={"db": "postgres://me:p%40ss@db.local:5433/app?sslmode=require"},
        )

        assert ended.xcoms["return_value"] == [
            "eu", 1, "postgres", "db.local", 5433, "me", "p@ss", "app", {"sslmode": "require"},
        ]  # fmt: skip

    def test_the_environment_is_what_the_launch_gives(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import os
                return {name: os.environ.get(name) for name in (
                    "MINE", "AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_TASK_ID", "AIRFLOW_CTX_TRY_NUMBER",
                    "AIRFLOW_VAR_REGION", "LEOFLOW_STAGING_DIR")}
            t()
            """,
        )

        ended = project.run(
            "t", env={"MINE": "1", "LEOFLOW_STAGING_DIR": "/stage"}, variables={"region": "eu"}
        )

        assert ended.xcoms["return_value"] == {
            "MINE": "1",
            "AIRFLOW_CTX_DAG_ID": "d",
            "AIRFLOW_CTX_TASK_ID": "t",
            "AIRFLOW_CTX_TRY_NUMBER": "1",
            "AIRFLOW_VAR_REGION": "eu",
            "LEOFLOW_STAGING_DIR": "/stage",
        }


class TestEndings:
    @pytest.mark.parametrize(
        ("statement", "outcome", "exit_code", "message"),
        [
            ("raise AirflowSkipException('nothing to do')", "skipped", 0, "nothing to do"),
            (
                "raise AirflowFailException('hopeless')",
                "failed_no_retry",
                1,
                "AirflowFailException: hopeless",
            ),
            ("raise AirflowSensorTimeout('slow')", "failed_no_retry", 1, "AirflowSensorTimeout: slow"),
            ("raise AirflowException('later')", "failed", 1, "AirflowException: later"),
            ("raise ValueError('first\\nsecond')", "failed", 1, "ValueError: first"),
            ("raise KeyboardInterrupt", "failed", 1, "KeyboardInterrupt"),
            ("raise AirflowTaskTimeout('slow')", "failed", 1, "AirflowTaskTimeout: slow"),
            ("import sys; sys.exit(3)", "failed", 1, "The task called sys.exit(3)."),
            ("import sys; sys.exit('no')", "failed", 1, "The task called sys.exit with the message: no"),
            ("import sys; sys.exit()", "success", 0, ""),
        ],
    )
    def test_each_way_to_end_has_its_outcome(
        self, project: Project, statement: str, outcome: str, exit_code: int, message: str
    ) -> None:
        write(
            project,
            f"""
            @task
            def t():
                {statement}
            t()
            """,
        )

        ended = project.run("t")

        assert (ended.result["outcome"], ended.exit_code, ended.result["message"]) == (
            outcome,
            exit_code,
            message,
        )

    def test_a_reschedule_says_when(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                from datetime import datetime, timedelta, timezone
                zone = timezone(timedelta(hours=2))
                raise AirflowRescheduleException(datetime(2026, 5, 1, 12, tzinfo=zone))
            t()
            """,
        )

        result = project.run("t").result

        assert (result["outcome"], result["reschedule_at"]) == ("up_for_reschedule", "2026-05-01T10:00:00Z")

    def test_the_traceback_starts_at_the_users_code_and_keeps_causes(self, project: Project) -> None:
        write(
            project,
            """
            def inner():
                raise KeyError("k")
            @task
            def t():
                try:
                    inner()
                except KeyError as error:
                    raise RuntimeError("wrapped") from error
            t()
            """,
        )

        ended = project.run("t")

        record = ended.records[-1]
        assert (record["level"], record["logger"], record["event"]) == (
            "error",
            "task",
            "Task failed with exception",
        )
        effect, cause = record["error_detail"]
        assert (effect["exc_type"], effect["exc_value"], effect["is_cause"]) == (
            "RuntimeError",
            "wrapped",
            False,
        )
        assert (cause["exc_type"], cause["is_cause"]) == ("KeyError", True)
        assert [frame["name"] for frame in cause["frames"]] == ["t", "inner"]
        assert {frame["filename"] for frame in effect["frames"]} == {str(project.folder / "dag.py")}

    def test_the_start_is_marked_before_the_users_code(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import os
                return os.path.exists(os.environ["SPOOL"] + "/started")
            t()
            """,
        )
        task = project.task("t", env={"SPOOL": str(project.folder.parent / "spool-1" / "launch")})
        task.start()

        assert task.end().xcoms == {"return_value": True}

    def test_a_stop_lets_finally_blocks_run(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import time
                try:
                    print("ready")
                    time.sleep(60)
                except Exception:
                    print("swallowed")
                finally:
                    print("cleaned up")
            t()
            """,
        )
        task = project.task("t")
        process = task.start()
        task.wait_for(lambda: "ready" in task.output())

        process.send_signal(signal.SIGTERM)
        ended = task.end()

        assert ended.exit_code == 143
        assert ended.printed() == ["ready", "cleaned up"]
        assert ended.result["outcome"] == "failed"
        assert ended.error["exc_type"] == "AirflowTaskTerminated"

    def test_a_stop_that_the_task_swallows_is_not_repeated_and_not_reported(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import time
                print("ready")
                try:
                    time.sleep(60)
                except BaseException:
                    return "survived"
            t()
            """,
        )
        task = project.task("t")
        process = task.start()
        task.wait_for(lambda: "ready" in task.output())

        process.send_signal(signal.SIGTERM)
        ended = task.end()

        assert (ended.exit_code, ended.result["outcome"]) == (0, "success")
        assert ended.xcoms == {"return_value": "survived"}

    def test_a_reschedule_to_no_time_fails(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(): raise AirflowRescheduleException("tomorrow")
            t()
            """,
        )

        assert project.run("t").result["message"] == (
            "TypeError: AirflowRescheduleException needs a datetime, not str"
        )

    def test_a_crash_leaves_its_traceback_in_the_log(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import ctypes
                ctypes.string_at(0)
            t()
            """,
        )
        task = project.task("t")

        assert task.start().wait(30) == -signal.SIGSEGV

        assert "Segmentation fault" in task.output()
        assert "dag.py" in task.output()

    def test_a_broken_logging_call_does_not_fail_the_task(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t():
                import logging
                logging.getLogger("mine").info("%d", "not a number")
            t()
            """,
        )

        assert project.run("t").result["outcome"] == "success"


class TestBranches:
    BODY = """
            @task.branch
            def pick(): return {choice}
            @task
            def a(): pass
            @task
            def b(): pass
            @task(trigger_rule="none_failed_min_one_success")
            def join(): pass
            p, j = pick(), join()
            p >> [a(), b()] >> j
            p >> j
            """

    @pytest.mark.parametrize(
        ("choice", "skipped"),
        [
            ("'a'", ["b"]),
            ("['a', 'b']", []),
            ("(name for name in ['b'])", ["a"]),
            ("None", ["a", "b", "join"]),
            ("'join'", ["a", "b"]),
        ],
    )
    def test_what_is_not_chosen_is_skipped_but_not_what_follows_the_choice(
        self, project: Project, choice: str, skipped: list[str]
    ) -> None:
        write(project, self.BODY.format(choice=choice))

        result = project.run("pick").result

        assert result["outcome"] == "success"
        assert result["skip_task_ids"] == skipped
        assert result["skip_ignores_trigger_rules"] is False

    def test_the_choice_is_the_tasks_value(self, project: Project) -> None:
        write(project, self.BODY.format(choice="'a'"))

        assert project.run("pick").xcoms == {"return_value": "a"}

    @pytest.mark.parametrize(
        ("choice", "message"),
        [("'c'", "Invalid tasks found: ['c']"), ("[1]", "elements of type int"), ("3", "but got 'int'")],
    )
    def test_a_choice_that_is_no_task_fails(self, project: Project, choice: str, message: str) -> None:
        write(project, self.BODY.format(choice=choice))

        result = project.run("pick").result

        assert result["outcome"] == "failed"
        assert message in result["message"]

    def test_a_group_stands_for_its_first_tasks(self, project: Project) -> None:
        write(
            project,
            """
            from airflow.sdk import TaskGroup
            pick = BranchPythonOperator(task_id="pick", python_callable=lambda: "g")
            with TaskGroup("g") as g:
                EmptyOperator(task_id="x") >> EmptyOperator(task_id="y")
            pick >> [g, EmptyOperator(task_id="other")]
            """,
        )

        assert project.run("pick").result["skip_task_ids"] == ["other"]

    @pytest.mark.parametrize(
        ("options", "skipped", "ignores"),
        [("", ["a", "b"], True), ("ignore_downstream_trigger_rules=False", ["a"], False)],
    )
    def test_a_short_circuit_skips_what_is_downstream(
        self, project: Project, options: str, skipped: list[str], ignores: bool
    ) -> None:
        write(
            project,
            f"""
            @task.short_circuit({options})
            def check(): return []
            check() >> EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
            """,
        )

        result = project.run("check").result

        assert (result["skip_task_ids"], result["skip_ignores_trigger_rules"]) == (skipped, ignores)
        assert result["xcoms"] == {"return_value": "[]"}

    def test_a_true_condition_skips_nothing(self, project: Project) -> None:
        write(
            project,
            """
            check = ShortCircuitOperator(task_id="check", python_callable=lambda: "yes")
            check >> EmptyOperator(task_id="a")
            """,
        )

        ended = project.run("check")

        assert (ended.result["skip_task_ids"], ended.xcoms) == ([], {"return_value": "yes"})


class TestOperators:
    def test_a_python_operator_gets_arguments_templates_and_context(self, project: Project) -> None:
        write(
            project,
            """
            def work(first, second, ds, templates_dict):
                return [first, second, ds, templates_dict]
            PythonOperator(task_id="t", python_callable=work, op_args=["{{ ds_nodash }}"],
                           op_kwargs={"second": ["{{ ti.try_number }}", 2]},
                           templates_dict={"q": "{{ run_id }}"})
            """,
        )

        assert project.run("t").xcoms["return_value"] == [
            "20260301",
            ["1", 2],
            "2026-03-01",
            {"q": "run-1"},
        ]

    def test_a_coroutine_is_run_to_its_end(self, project: Project) -> None:
        write(
            project,
            """
            @task
            async def t():
                import asyncio
                await asyncio.sleep(0)
                return "done"
            t()
            """,
        )

        assert project.run("t").xcoms == {"return_value": "done"}

    def test_bash_streams_its_output_and_leaves_the_last_line(self, project: Project) -> None:
        write(
            project,
            """
            BashOperator(task_id="t", bash_command="echo one; echo $WHO >&2; echo {{ params.limit }}",
                         env={"WHO": "two"}, append_env=True)
            """,
        )

        ended = project.run("t", context={"params_json": '{"limit": 3}'})

        assert ended.printed() == ["one", "two", "3"]
        assert ended.xcoms == {"return_value": "3"}

    def test_bash_with_its_own_environment_knows_only_that_and_the_run(self, project: Project) -> None:
        write(
            project,
            """
            BashOperator(task_id="t", bash_command="echo $A-$MINE-$AIRFLOW_CTX_TASK_ID", env={"A": "a"})
            """,
        )

        assert project.run("t", env={"MINE": "m"}).xcoms == {"return_value": "a--t"}

    @pytest.mark.parametrize(
        ("command", "outcome", "message"),
        [
            ("exit 99", "skipped", "Bash command returned exit code 99. Skipping."),
            (
                "exit 4",
                "failed",
                "AirflowException: Bash command failed. The command returned a non-zero exit code 4.",
            ),
            (
                "kill -9 $$",
                "failed",
                "AirflowException: Bash command failed. The command was ended by signal 9.",
            ),
        ],
    )
    def test_bash_ends_by_its_exit_code(
        self, project: Project, command: str, outcome: str, message: str
    ) -> None:
        write(project, f"\nBashOperator(task_id='t', bash_command='{command}')\n")

        result = project.run("t").result

        assert (result["outcome"], result["message"]) == (outcome, message)

    def test_bash_runs_where_it_is_told_and_its_value_is_what_is_made_of_its_output(
        self, project: Project
    ) -> None:
        write(
            project,
            f"""
            BashOperator(task_id="t", bash_command="pwd", cwd={str(project.folder)!r},
                         output_processor=lambda line: line.split("/")[-1])
            BashOperator(task_id="lost", bash_command="pwd", cwd="/nowhere")
            BashOperator(task_id="latin", bash_command="printf 'caf\\\\xe9'", output_encoding="latin-1")
            """,
        )

        assert project.run("t").xcoms == {"return_value": project.folder.name}
        assert project.run("lost").result["message"] == "AirflowException: Can not find the cwd: /nowhere"
        assert project.run("latin").xcoms == {"return_value": "café"}

    def test_a_stop_ends_the_command_and_its_children(self, project: Project) -> None:
        write(project, "\nBashOperator(task_id='t', bash_command='sleep 60 & echo pid $!; wait')\n")
        task = project.task("t")
        process = task.start()
        task.wait_for(lambda: '"event": "pid ' in task.output())
        (line,) = [line for line in task.output().split("\n") if '"event": "pid ' in line]
        grandchild = int(json.loads(line[1:])["event"].split()[1])

        descriptor = os.pidfd_open(grandchild)
        process.send_signal(signal.SIGTERM)
        ended = task.end()

        assert ended.exit_code == 143
        # It has been told to end; on a busy machine it may not have come to that yet.
        assert select.select([descriptor], [], [], 20)[0]
        os.close(descriptor)

    def test_a_script_file_of_the_project_is_a_template(self, project: Project) -> None:
        project.write("echo file {{ ds }}\n", name="scripts/job.sh")
        write(project, "\nBashOperator(task_id='t', bash_command='scripts/job.sh')\n")

        assert project.run("t").xcoms == {"return_value": "file 2026-03-01"}


class TestTemplates:
    def test_macros_variables_connections_and_xcoms_are_there(self, project: Project) -> None:
        write(
            project,
            """
            up = EmptyOperator(task_id="up")
            up >> BashOperator(task_id="t", bash_command=(
                "echo {{ macros.ds_add(ds, 1) }} {{ var.value.region }} {{ var.json.cfg.a }}"
                " {{ conn.db.host }} {{ var.value.get('none', 'dflt') }}"
                " {{ ti.xcom_pull('up') }} {{ logical_date | ds_nodash }}"
            ))
            """,
        )

        ended = project.run(
            "t",
            inputs=[given("up", 5)],
            variables={"region": "eu", "cfg": '{"a": 1}', "none": "n"},
            connections={"db": "postgres://h"},
        )

        assert ended.xcoms == {"return_value": "2026-03-02 eu 1 h n 5 20260301"}

    def test_an_unknown_name_fails_the_task(self, project: Project) -> None:
        write(project, "\nBashOperator(task_id='t', bash_command='echo {{ nope }}')\n")

        assert project.run("t").result["message"] == "UndefinedError: 'nope' is undefined"

    def test_what_was_rendered_is_reported_even_when_the_task_fails(self, project: Project) -> None:
        write(
            project, "\nBashOperator(task_id='t', bash_command='exit {{ ti.try_number }}', env={'A': 'b'})\n"
        )

        assert project.run("t").result["rendered_fields"] == {
            "bash_command": "exit 1",
            "env": {"A": "b"},
            "cwd": None,
        }

    def test_passwords_are_masked_and_long_values_cut(self, project: Project) -> None:
        write(
            project,
            """
            @task
            def t(secret, long): pass
            t("{{ conn.db.password }}", "x" * 10_000)
            """,
        )

        fields = project.run("t", connections={"db": "postgres://u:hunter22@h"}).result["rendered_fields"]

        assert fields["op_args"].startswith('["***", "xxx')
        assert fields["op_args"].endswith("characters in all)")
        assert len(fields["op_args"]) < 4200

    def test_a_missing_jinja_is_one_sentence(self, project: Project) -> None:
        project.write("raise ImportError('gone')\n", name="jinja2/__init__.py")
        write(project, "\nBashOperator(task_id='t', bash_command='echo {{ ds }}')\n")

        assert project.run("t").result["message"] == (
            "AirflowException: The field 'bash_command' of the task 't' holds a template, but Jinja2 is not "
            "installed in this DAG's environment: add jinja2 to `dependencies` in leoflow.yaml."
        )


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_the_child_runs_on_the_interpreter_that_the_dag_chose(project: Project, version: str) -> None:
    found = sorted(Path(os.path.expanduser("~/.pyenv/versions")).glob(f"{version}.*/bin/python"))
    if not found and not sys.version.startswith(version):
        pytest.skip(f"no Python {version} on this machine")
    write(
        project,
        """
        @task
        def a() -> "dict[str, int]": return {"x": 1}
        @task
        def t(v, ti=None):
            ti.xcom_push("k", v)
            return ti.xcom_pull(key="k")
        t(a()["x"])
        """,
    )

    ended = project.run("t", python=str(found[0]), inputs=[given("a", 1, key="x")])

    assert ended.xcoms == {"k": 1, "return_value": 1}
