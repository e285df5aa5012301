from airflow.sdk import DAG

while True:
    pass
