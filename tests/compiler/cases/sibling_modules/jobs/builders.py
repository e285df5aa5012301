from airflow.operators.bash import BashOperator

from .names import task_id


def make_job(name):
    """Makes one job."""
    return BashOperator(task_id=task_id(name), bash_command=f"run {name}")
