"""A task of no DAG that does nothing, run in the zygote itself before the first launch is forked.

What Python makes when code first runs (specialised bytecode, caches of types and of attributes, bound symbols
of libraries, interned texts) is then there for all children, instead of being made, on pages copied for it,
in each. Nothing of the user's is called, and what a task changes in its process is put back.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator

from leoflow_runtime.child import dialect, lean
from leoflow_runtime.child.build import Built
from leoflow_runtime.child.output import Output
from leoflow_runtime.zygote.records import load_launch, write_json

# Python 3.11 specialises a function in its first eight calls, and a few more settle it.
_TIMES = 12
_MOMENT = "2026-01-01T00:00:00.000001Z"
_LAUNCH: Dict[str, Any] = {
    "launch_id": 0,
    "dag_id": "rehearsal",
    "run_id": "rehearsal",
    "task_id": "nothing",
    "try_number": 1,
    "max_tries": 0,
    "context": {
        "logical_date": _MOMENT,
        "data_interval_start": _MOMENT,
        "data_interval_end": _MOMENT,
        "run_after": _MOMENT,
        "start_date": _MOMENT,
        "task_start_date": _MOMENT,
        "conf_json": "{}",
        "params_json": "{}",
    },
}


def rehearse(directory: str, output: Output) -> None:
    """Runs it a few times in `directory`, which is made and removed again. What fails in it is let be."""
    try:
        os.mkdir(directory)
        with _put_back():
            write_json(directory + "/launch.json", _LAUNCH)
            built = Built(_dag(), {}, sys)
            for _ in range(_TIMES):
                lean.run(built, load_launch(directory), directory, output)
                for name in ("started", "result.json", "process.json"):
                    os.unlink(directory + "/" + name)
    except Exception:  # the DAG's file may have changed anything: then its tasks take a little longer
        return
    finally:
        _remove(directory)


def _dag() -> dialect.Dag:
    dag = dialect.DAG("rehearsal", schedule=None, auto_register=False)
    python = sys.modules.get("airflow.providers.standard.operators.python")
    if python is None:
        _Nothing(task_id="nothing", dag=dag)
    else:
        python.PythonOperator(task_id="nothing", dag=dag, python_callable=_nothing)
    return dag


def _nothing() -> None:
    return None


class _Nothing(dialect.operator.BaseOperator):  # type: ignore[misc]
    def execute(self, context: Any) -> None:
        return None


@contextmanager
def _put_back() -> Iterator[None]:
    """Everything that `lean.run` changes in its process, as it was."""
    environment, backend = dict(os.environ), dialect.backend.current()
    on_term = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, on_term)
        dialect.backend.use(backend)
        dialect.context.set_current_context(None)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]


def _remove(directory: str) -> None:
    try:
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except OSError:  # the launch's folder is removed with all that is in it
        return
