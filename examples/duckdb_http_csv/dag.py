"""DuckDB reads a CSV straight from the web; a native wheel in a DAG's image."""

from airflow.sdk import DAG, task

TITANIC = "https://raw.githubusercontent.com/datasciencedojo/datasets/master/titanic.csv"

with DAG("duckdb_http_csv", schedule=None, catchup=False, tags=["example"]):

    @task
    def aggregate(url: str = TITANIC) -> list:
        import duckdb

        rows = duckdb.sql(
            f"SELECT Pclass, count(*), round(avg(Survived), 3) FROM read_csv('{url}') GROUP BY 1 ORDER BY 1"
        ).fetchall()
        return [{"class": klass, "passengers": count, "survived": rate} for klass, count, rate in rows]

    @task
    def report(by_class: list) -> None:
        for row in by_class:
            print(f"class {row['class']}: {row['passengers']} passengers, {row['survived']:.0%} survived")

    report(aggregate())
