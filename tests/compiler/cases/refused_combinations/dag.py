"""What is right by itself and not together: each is told with what to do instead."""

from airflow.sdk import DAG, task

from . import beside  # noqa: F401


@task
def load(table):
    return table


with DAG("demo"):
    here = load("a")
    load.partial(table="a").expand(table=["b"])
    load.expand()
with DAG("other"):
    there = load("b")
    there >> here
