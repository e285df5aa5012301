"""Write a hash to Redis."""

from airflow.sdk import DAG, BaseHook, task

with DAG("redis_load", schedule=None, catchup=False, tags=["example"]):

    @task
    def compute() -> dict:
        return {"clicks": 1204, "orders": 37, "returns": 2}

    @task
    def load(payload: dict) -> int:
        import redis

        target = BaseHook.get_connection("redis_target")
        client = redis.Redis(
            host=target.host,
            port=target.port or 6379,
            db=int(target.schema or 0),
            username=target.login or None,
            password=target.password or None,
        )
        client.hset("leoflow:counters", mapping=payload)
        return client.hlen("leoflow:counters")

    load(compute())
