"""What does not run yet is told once for each kind of thing, but for what comments take back."""

from airflow.providers.amazon.aws.operators.s3 import S3CreateBucketOperator, S3DeleteBucketOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG, task

with DAG("not_run_yet"):
    for name in ("a", "b"):
        S3CreateBucketOperator(task_id=f"create_{name}", bucket_name=name)
    S3KeySensor(task_id="wait", bucket_key="s3://a/b")
    S3DeleteBucketOperator(task_id="known", bucket_name="a")  # leoflow: ignore[LF310] next release
    S3DeleteBucketOperator(task_id="delete_b", bucket_name="b")
    S3CreateBucketOperator(task_id="last", bucket_name="c", executor="CeleryExecutor")

    @task
    def double(n):
        return n

    double.expand(n=[1, 2])
