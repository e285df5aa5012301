import functools

from airflow.providers.docker.decorators.docker import docker_task
from airflow.providers.standard.decorators.bash import bash_task
from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.bases.decorator import task_decorator_factory


class Audited(_PythonDecoratedOperator):
    custom_operator_name = "@task.audited"


def audited_task(python_callable=None, multiple_outputs=None, **kwargs):
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=Audited,
        **kwargs,
    )


def plain_task(python_callable=None, **kwargs):
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=_PythonDecoratedOperator, **kwargs
    )


def logged(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


with DAG("demo") as dag:

    @audited_task
    @logged
    def one() -> dict[str, int]:
        return {"n": 1}

    @plain_task(retries=3)
    def two(n):
        return n

    @bash_task(env={"A": "1"})
    def three(n):
        return f"echo {n}"

    @docker_task(image="python:3.12")
    def four():
        return 4

    EmptyOperator(task_id="start") >> two(one()["n"])
    three(four())
