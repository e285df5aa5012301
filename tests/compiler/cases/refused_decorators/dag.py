from functools import partial

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.sdk import DAG, task
from airflow.sdk.bases.decorator import task_decorator_factory


class Patient(_PythonDecoratedOperator):
    def __init__(self, *, retries=9, **kwargs):
        super().__init__(retries=retries, **kwargs)


class Adder:
    def __call__(self, n=1):
        return n


with DAG("demo"):

    def patient(function):
        return task_decorator_factory(function, decorated_operator_class=Patient)

    @patient
    def one():
        return 1

    one()

    @task.setup
    def two():
        return 2

    two()

    task(partial(max, 1), task_id="three")()
    task(Adder(), task_id="four", multiple_outputs=False)()
