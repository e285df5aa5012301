from airflow.sdk import dag, task


@dag(schedule="@daily")
def demo():
    @task
    def work():
        return 1

    work()
