from airflow.sdk import DAG, task, teardown


def enough(context):
    return True


with DAG("demo") as dag:

    @task.bash(env={"A": "{{ ds }}"})
    def command(n):
        return f"echo {n}"

    @task.virtualenv(requirements=["numpy==2.1.0"], system_site_packages=False)
    def apart(n):
        return n

    @task.external_python(python="/opt/python/bin/python")
    def elsewhere():
        return 1

    @task.sensor(poke_interval=60, timeout=3600, mode="reschedule")
    def ready(n):
        return n > 1

    @task.docker(image="python:3.12", multiple_outputs=True)
    def contained() -> dict:
        return {"a": 1}

    @task.kubernetes(image="python:3.12", name="pod")
    def in_pod(n):
        return n

    @task.pyspark(conn_id="spark")
    def with_spark(spark):
        return 1

    @task.branch_virtualenv(requirements=[])
    def choose():
        return "apart"

    @task.run_if(enough)
    @task.skip_if(lambda context: False)
    @task(retries=1)
    def maybe():
        return 1

    @dag.task(task_id="bound")
    def of_dag():
        return 1

    @task.some_provider(option=1)
    def unknown_kind():
        return 1

    one = elsewhere()
    command(one) >> [apart(one), apart.override(task_id="again", retries=3)(one)]
    ready(contained()["a"]) >> in_pod(n=one)
    with_spark() >> choose() >> maybe() >> of_dag() >> unknown_kind()
    command.override(env={"B": one})(2)
