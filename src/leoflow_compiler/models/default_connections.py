"""Which connection operators, sensors and hooks of well-known packages use when they are given none."""

from __future__ import annotations

from collections.abc import Iterable

# Path of a package or class -> its argument, and the connection without it. The longest path counts.
_DEFAULTS: dict[str, tuple[str, str]] = {
    "airflow.providers.amazon.aws": ("aws_conn_id", "aws_default"),
    "airflow.providers.apache.hive": ("hive_cli_conn_id", "hive_cli_default"),
    "airflow.providers.apache.kafka": ("kafka_config_id", "kafka_default"),
    "airflow.providers.apache.livy": ("livy_conn_id", "livy_default"),
    "airflow.providers.apache.spark": ("conn_id", "spark_default"),
    "airflow.providers.cncf.kubernetes": ("kubernetes_conn_id", "kubernetes_default"),
    "airflow.providers.databricks": ("databricks_conn_id", "databricks_default"),
    "airflow.providers.dbt.cloud": ("dbt_cloud_conn_id", "dbt_cloud_default"),
    "airflow.providers.google.cloud": ("gcp_conn_id", "google_cloud_default"),
    "airflow.providers.http": ("http_conn_id", "http_default"),
    "airflow.providers.microsoft.azure.operators.data_factory": (
        "azure_data_factory_conn_id",
        "azure_data_factory_default",
    ),
    "airflow.providers.microsoft.azure.hooks.wasb": ("wasb_conn_id", "wasb_default"),
    "airflow.providers.microsoft.azure.sensors.wasb": ("wasb_conn_id", "wasb_default"),
    "airflow.providers.mysql": ("mysql_conn_id", "mysql_default"),
    "airflow.providers.postgres": ("postgres_conn_id", "postgres_default"),
    "airflow.providers.sftp": ("sftp_conn_id", "sftp_default"),
    "airflow.providers.slack.hooks.slack": ("slack_conn_id", "slack_api_default"),
    "airflow.providers.slack.operators.slack": ("slack_conn_id", "slack_api_default"),
    "airflow.providers.smtp": ("smtp_conn_id", "smtp_default"),
    "airflow.providers.snowflake": ("snowflake_conn_id", "snowflake_default"),
    "airflow.providers.sqlite": ("sqlite_conn_id", "sqlite_default"),
    "airflow.providers.standard.sensors.filesystem": ("fs_conn_id", "fs_default"),
    "airflow.providers.trino": ("trino_conn_id", "trino_default"),
}


def default_connection(path: str, given: Iterable[str]) -> str | None:
    """The connection of a class at `path` made with the arguments `given`; None where nobody can tell."""
    package = path
    while package:
        if package in _DEFAULTS:
            argument, name = _DEFAULTS[package]
            return name if not _names_one(given, argument) else None
        package = package.rpartition(".")[0]
    return None


def _names_one(given: Iterable[str], argument: str) -> bool:
    """Any connection that is named is taken for the one: transfers have two, with names of their own."""
    return any(name == argument or is_connection_argument(name) for name in given)


def is_connection_argument(name: str) -> bool:
    return name == "conn_id" or name.endswith("_conn_id")
