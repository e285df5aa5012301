"""One task writes a CSV file, the next reads it. Only the path travels as a value."""

import csv
import os
import tempfile
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("csv_report", schedule="0 6 * * *", catchup=False, tags=["example", "scheduled"]):

    @task
    def generate() -> str:
        # Without a staging volume both tasks run on one machine, and its temporary folder serves.
        folder = Path(os.environ.get("LEOFLOW_STAGING_DIR") or tempfile.mkdtemp(prefix="csv_report_"))
        path = folder / "orders.csv"
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["region", "amount"])
            for number in range(240):
                writer.writerow([("north", "south", "west")[number % 3], 10 + number % 7])
        return str(path)

    @task
    def report(path: str) -> dict:
        totals: dict[str, int] = {}
        with open(path, newline="") as stream:
            for row in csv.DictReader(stream):
                totals[row["region"]] = totals.get(row["region"], 0) + int(row["amount"])
        for region, total in sorted(totals.items()):
            print(f"{region:<6} {total:>6}")
        return totals

    report(generate())
