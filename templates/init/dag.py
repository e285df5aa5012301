"""Two tasks: one makes a greeting, the other prints it."""

from airflow.sdk import DAG, task

with DAG("__DAG_ID__", schedule=None, catchup=False):

    @task
    def greet(name: str) -> str:
        return f"Hello, {name}!"

    @task
    def shout(message: str) -> str:
        print(message.upper())
        return message.upper()

    shout(greet("world"))
