from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import pendulum, zoneinfo, calendar, time
from datetime import date, timezone
from pendulum import duration
from dateutil.relativedelta import relativedelta
from dateutil import parser as dp
import datetime as dt
tz = pendulum.timezone("Europe/Berlin")
with DAG("timesx", start_date=pendulum.datetime(2024, 1, 31, tz="Europe/Berlin"), schedule=timedelta(hours=6),
  default_args={"retry_delay": pendulum.duration(minutes=3), "execution_timeout": duration(hours=1)}, dagrun_timeout=timedelta(minutes=90)):
    d = pendulum.datetime(2024, 1, 31).add(months=1)
    EmptyOperator(task_id="q1_" + (d.format("YYYY_MM_DD")))
    EmptyOperator(task_id="q2_" + (d.to_date_string()))
    EmptyOperator(task_id="q3_" + (d.strftime("%Y%m%d")))
    EmptyOperator(task_id="q4_" + (pendulum.parse("2024-02-03").isoformat()[:10]))
    EmptyOperator(task_id="q5_" + (str((datetime(2024,1,31) + relativedelta(months=1)).date())))
    EmptyOperator(task_id="q6_" + (dp.parse("2024-03-01").strftime("%d_%m")))
    for m in range(1, 4): EmptyOperator(task_id="q7_" + (f"m_{calendar.month_abbr[m]}_{calendar.month_name[m]}"))
    for i, n in enumerate(calendar.day_name): EmptyOperator(task_id="q8_" + (f"{i}_{n}"))
    EmptyOperator(task_id="q9_" + (f"x_{(date(2024,3,1) - date(2024,2,1)).days}_{date.fromisoformat('2024-01-05').isoweekday()}"))
    EmptyOperator(task_id="q10_" + (datetime.strptime("2024-01-05", "%Y-%m-%d").strftime("%j")))
    EmptyOperator(task_id="q11_" + (str(pendulum.duration(days=1, hours=2).total_seconds())))
    EmptyOperator(task_id="q12_" + (f"h_{pendulum.duration(days=1, hours=2).in_hours()}"))
    EmptyOperator(task_id="q13_" + (f"z_{datetime(2024,1,1,tzinfo=zoneinfo.ZoneInfo('UTC')).isoformat()[:10]}"))
    EmptyOperator(task_id="q14_" + (f"d_{pendulum.date(2024,1,2)}"))
    EmptyOperator(task_id="q15_" + (f"q_{d.start_of('month').to_date_string()}_{d.end_of('month').day}_{d.day_of_week}"))
    EmptyOperator(task_id="q16_" + ("ff_" + pendulum.from_format("2024-05-06", "YYYY-MM-DD").to_date_string()))
    EmptyOperator(task_id="q17_" + ("sub_%s" % d.subtract(days=3).to_date_string()))
    EmptyOperator(task_id="q18_" + ("diff_%s" % (pendulum.datetime(2024,3,1) - pendulum.datetime(2024,2,1)).days))
    EmptyOperator(task_id="q19_" + ("dd_%s" % pendulum.datetime(2024,3,1).diff(pendulum.datetime(2024,2,1)).in_days()))
