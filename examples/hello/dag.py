"""Two tasks: one makes a greeting, the other prints it."""

from airflow.sdk import DAG, task

with DAG("hello", schedule=None, catchup=False, tags=["starter"]):

    @task
    def greet() -> str:
        return "Hello from Leoflow"

    @task
    def shout(message: str) -> str:
        print(message.upper())
        return message.upper()

    shout(greet())
