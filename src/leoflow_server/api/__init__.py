"""The HTTP API and the UI's pages: Airflow 3.2.2's shapes, and what Leoflow adds."""

from leoflow_server.api.application import create_api

__all__ = ["create_api"]
