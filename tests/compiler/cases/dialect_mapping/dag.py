from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group


def shout(text):
    return text.upper()


def is_short(text):
    return len(text) < 5


with DAG("demo"):

    @task
    def names():
        return ["a", "bb"]

    @task
    def other_names():
        return ["c"]

    @task
    def options():
        return [{"x": 1, "y": 2}]

    @task
    def add(x, y=0):
        return x + y

    @task
    def total(values):
        return sum(values)

    found = names()
    others = other_names()
    added = add.partial(y=10).expand(x=[1, 2, 3])
    total(added)
    add.override(task_id="by_kwargs", max_active_tis_per_dagrun=2).expand_kwargs(options())
    add.expand(x=found.map(shout), y=found)
    add.expand(x=found.zip(others, fillvalue="-"))
    add.expand(x=found.concat(others).map(is_short))
    add.partial(y=found).expand(x={"a": 1, "b": 2})
    BashOperator.partial(task_id="echo", env={"who": "{{ ds }}"}).expand(bash_command=["echo 1", "echo 2"])
    BashOperator.partial(task_id="after", retries=2).expand_kwargs([{"bash_command": "true"}]) << added
    EmptyOperator.partial(task_id="none", map_index_template="{{ task.task_id }}").expand(doc=["a"])

    @task_group
    def pipeline(name, factor):
        first = add.override(task_id="first")(name, y=factor)
        second = EmptyOperator(task_id="second")
        third = EmptyOperator(task_id="third")
        first >> second
        return third

    pipeline.partial(factor=2).expand(name=found) >> EmptyOperator(task_id="end")
    pipeline.expand_kwargs(options())
