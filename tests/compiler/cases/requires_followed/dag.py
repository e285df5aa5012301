from airflow.providers.amazon.aws.operators.s3 import S3CreateBucketOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task
from loading.warehouse import copy_table

REGIONS = ["north", "south"]

with DAG("demo", default_args={"conn_id": "from_default_args"}):
    bucket = S3CreateBucketOperator(task_id="bucket", bucket_name="{{ var.value.bucket }}")
    copy = PythonOperator(task_id="copy", python_callable=copy_table, op_args=["orders"])

    for region in REGIONS:
        SQLExecuteQueryOperator(task_id=f"count_{region}", conn_id=f"sql_{region}", sql="select 1") >> bucket

    @task
    def report():
        from reporting import send

        send()

    [bucket, copy] >> report()
