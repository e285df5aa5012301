from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TaskGroup, setup, task, teardown


def step(name, **kwargs):
    return BashOperator(task_id=name, bash_command="true", **kwargs)


with DAG("demo"):
    root = step("root_setup").as_setup()
    work = step("work")
    root_end = step("root_teardown").as_teardown(setups=root, on_failure_fail_dagrun=True)
    root >> work >> root_end

    with TaskGroup("section") as section:
        inner = step("setup").as_setup()
        inner_end = step("teardown").as_teardown(setups=inner)
        inner >> step("a") >> step("b") >> inner_end

    work >> section >> step("last")

    @setup
    def outer_setup():
        return 1

    @teardown(on_failure_fail_dagrun=True)
    def outer_teardown(value):
        return value

    @setup
    def nested_setup():
        return 2

    @teardown
    def nested_teardown():
        return 3

    @task
    def hello(n):
        return n

    outer = outer_setup()
    with outer_teardown(outer) as scope:
        hello(1) >> hello(2)
        nested = nested_setup()
        end = nested_teardown()
        nested >> end
        with nested:
            hello(3)
            late = hello(4)
    with step("one").as_setup() >> step("two").as_teardown():
        step("inside") >> step("inside_too")
