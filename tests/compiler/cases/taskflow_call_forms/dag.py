from airflow.sdk import DAG, task

with DAG("demo"):

    @task
    def plain(value, scale=1):
        return value * scale

    @task()
    def called():
        return 1

    @task(task_id="renamed", retries=2, trigger_rule="all_done")
    def configured(value, ti=None, **context):
        """Shown in the user interface."""
        return value

    @task.branch
    def choose(value):
        return "renamed"

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def go_on():
        return True

    @task(multiple_outputs=True)
    def several():
        return {"a": 1, "b": 2}

    @task
    def mapping() -> dict[str, int]:
        return {"a": 1}

    one = called()
    go_on() >> one
    choose(one) >> configured(value=plain(one, scale=3))
    both = several()
    plain(both["a"], both["b"])
    plain.override(task_id="mixed", pool="small")([1, one, {"deep": both["b"]}])
    mapping()
