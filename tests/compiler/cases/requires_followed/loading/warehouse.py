from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import Variable

SOURCE = "shop"


def copy_table(table, target_conn_id="warehouse"):
    limit = Variable.get("copy_limit", default=100)
    PostgresHook(postgres_conn_id=SOURCE).copy_expert(f"copy {table} {limit}", target_conn_id)
