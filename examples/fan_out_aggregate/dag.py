"""Map and reduce: a list comprehension makes the shards, the reducer gets their results as a list."""

from airflow.sdk import DAG, task

SHARDS = 4

with DAG("fan_out_aggregate", schedule=None, catchup=False, tags=["example"]):

    @task
    def shard(n: int) -> int:
        """The sum of every fourth number below 1000, beginning with n."""
        return sum(range(n, 1000, SHARDS))

    @task
    def aggregate(parts: list) -> int:
        total = sum(parts)
        print(f"{len(parts)} shards, total {total}")
        return total

    aggregate([shard(n) for n in range(SHARDS)])
