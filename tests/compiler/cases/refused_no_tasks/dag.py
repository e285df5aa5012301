from airflow.sdk import DAG, task

with DAG("demo"):

    @task
    def never_called():
        return 1
