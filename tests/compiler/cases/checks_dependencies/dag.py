"""Packages that are imported, and packages that are listed."""

from typing import TYPE_CHECKING

from airflow.providers.amazon.aws.operators.s3 import S3CreateBucketOperator
from airflow.sdk import DAG, task

if TYPE_CHECKING:
    import numpy

try:
    import orjson as json
except ImportError:
    import json

with DAG("dependencies"):

    @task
    def train():
        import pandas
        from sklearn.linear_model import LinearRegression

    @task.virtualenv(requirements=["polars"])
    def elsewhere():
        import polars

    train() >> elsewhere() >> S3CreateBucketOperator(task_id="bucket", bucket_name="b")
