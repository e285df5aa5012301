"""The connection types that the form offers; any other may be typed through the API."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "aws": "Amazon Web Services",
    "azure": "Azure",
    "elasticsearch": "Elasticsearch",
    "fs": "File (path)",
    "ftp": "FTP",
    "generic": "Generic",
    "google_cloud_platform": "Google Cloud",
    "http": "HTTP",
    "kafka": "Apache Kafka",
    "kubernetes": "Kubernetes Cluster Connection",
    "mongo": "MongoDB",
    "mssql": "Microsoft SQL Server",
    "mysql": "MySQL",
    "oracle": "Oracle",
    "postgres": "Postgres",
    "redis": "Redis",
    "sftp": "SFTP",
    "slack": "Slack API",
    "smtp": "SMTP",
    "snowflake": "Snowflake",
    "sqlite": "Sqlite",
    "ssh": "SSH",
}
_STANDARD = ("description", "url_schema", "host", "port", "login", "password")

# `ConnectionHookMetaData`: every standard field is shown as it is.
CONNECTION_TYPES: list[dict[str, Any]] = [
    {
        "connection_type": connection_type,
        "hook_class_name": None,
        "default_conn_name": None,
        "hook_name": name,
        "standard_fields": dict.fromkeys(_STANDARD),
        "extra_fields": {},
    }
    for connection_type, name in _NAMES.items()
]
