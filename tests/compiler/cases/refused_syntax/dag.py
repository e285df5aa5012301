from airflow.sdk import DAG

with DAG("demo":
    pass
