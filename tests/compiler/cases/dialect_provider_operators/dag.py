from datetime import timedelta

from airflow.providers.amazon.aws.operators.s3 import S3CreateBucketOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_1_PLUS
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, task
from company.plugins.operators import Deploy

BUCKET = "raw"

with DAG("demo", default_args={"aws_conn_id": "aws"}):

    @task
    def query() -> str:
        return "select 1"

    create = S3CreateBucketOperator(task_id="create", bucket_name=BUCKET)
    wait = S3KeySensor(task_id="wait", bucket_key=f"s3://{BUCKET}/{{{{ ds }}}}.csv", timeout=600, deferrable=True)
    job = BigQueryInsertJobOperator(
        task_id="job",
        configuration={"query": {"query": query(), "useLegacySql": False}},
        gcp_conn_id="gcp",
        execution_timeout=timedelta(minutes=5),
        trigger_rule="none_failed",
    )
    copy = S3ToRedshiftOperator(
        task_id="copy", schema="public", table="t", s3_bucket=BUCKET, s3_key=job.output["key"], copy_options=["csv"]
    )
    LatestOnlyOperator(task_id="latest") >> create >> wait >> job
    copy >> TriggerDagRunOperator(task_id="next", trigger_dag_id="other", conf={"a": [1, 2]}, wait_for_completion=True)
    ExternalTaskSensor(task_id="external", external_dag_id="other", external_task_id=None) >> create
    if AIRFLOW_V_3_1_PLUS:
        Deploy(task_id="deploy", target="prod", hook=print) << copy
