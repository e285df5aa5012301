from airflow.sdk import DAG, Label, TaskGroup, task, task_group
from airflow.providers.standard.operators.bash import BashOperator

with DAG("demo", default_args={"retries": 1, "owner": "data"}) as dag:
    start = BashOperator(task_id="start", bash_command="true")
    with TaskGroup("outer", default_args={"retries": 3}, tooltip="Both halves") as outer:
        first = BashOperator(task_id="first", bash_command="true")
        with TaskGroup("inner", prefix_group_id=False):
            second = BashOperator(task_id="second", bash_command="true", retries=0)
        third = BashOperator(task_id="third", bash_command="true")
        second >> [first, third]
        first >> Label("then") >> third
    with TaskGroup("empty") as empty:
        pass
    end = BashOperator(task_id="end", bash_command="true")
    start >> outer >> empty >> end

    @task
    def work(n):
        return n

    @task_group
    def twice(n):
        """Runs the work twice."""
        return work(work(n))

    twice(1) >> twice(2)
    end << Label("at last") << twice(3)
