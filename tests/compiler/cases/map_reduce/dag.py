from airflow.sdk import DAG, task

SHARDS = 4

with DAG("demo", schedule=None, catchup=False, tags=["example"]):

    @task
    def shard(n: int) -> int:
        return n * n

    @task
    def total(parts: list) -> int:
        return sum(parts)

    @task
    def nested(pairs: list) -> int:
        return len(pairs)

    parts = [shard(n) for n in range(SHARDS)]
    total(parts)
    total([parts[0]])
    nested([[parts[0], parts[1]], [parts[2]]])
