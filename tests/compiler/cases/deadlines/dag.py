from datetime import datetime, timedelta

from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, timezone


async def told(context):
    return None


def alert(reference, **interval):
    return DeadlineAlert(reference=reference, interval=timedelta(**interval), callback=AsyncCallback(told))


with DAG(
    "demo",
    schedule=None,
    deadline=[
        alert(DeadlineReference.DAGRUN_QUEUED_AT, minutes=5),
        alert(DeadlineReference.FIXED_DATETIME(datetime(2026, 5, 4)), minutes=-1),
        alert(DeadlineReference.FIXED_DATETIME(dt=timezone.datetime(2026, 5, 4, 12)), hours=1),
        alert(DeadlineReference.AVERAGE_RUNTIME(), seconds=30),
        alert(DeadlineReference.AVERAGE_RUNTIME(max_runs=5), seconds=30),
        alert(DeadlineReference.AVERAGE_RUNTIME(5, 2), seconds=0),
    ],
) as dag:

    @dag.task
    def work():
        return 1

    work()
