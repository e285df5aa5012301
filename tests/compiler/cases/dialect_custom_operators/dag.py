from airflow.sdk import DAG, task, task_group

from own import Greet, Polite, Script, Table, Waits

with DAG("demo", default_args={"conn_id": "from_defaults", "retries": 1}):

    @task
    def words():
        return "hello"

    first = Greet(task_id="first", greeting=words())
    second = Polite(who="ada")
    first >> second >> Polite(who=second.greeting.split()[1], task_group=None)
    for table in ("orders", "items"):
        first >> Table(table=table, conn_id="warehouse", parameters={"limit": 10})
    Script(script="run.sh", task_id="script", env={"A": "{{ ds }}"})
    Waits(task_id="waits", mode="reschedule", poke_interval=5) >> Greet(task_id=second.loud[:4], greeting="x")
    Greet.partial(task_id="mapped").expand(greeting=["a", "b"])
