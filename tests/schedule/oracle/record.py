"""Writes what Airflow's own timetables answer, for `test_oracle.py`. Run with Airflow 3.2.2:

.cache/airflow/venv/bin/python tests/schedule/oracle/record.py
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pendulum
from airflow.sdk import (
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    MultipleCronTriggerTimetable,
)
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.events import EventsTimetable
from dateutil.relativedelta import relativedelta

HERE = Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text())
_CLASSES = {
    "airflow.sdk.CronTriggerTimetable": CronTriggerTimetable,
    "airflow.sdk.CronDataIntervalTimetable": CronDataIntervalTimetable,
    "airflow.sdk.DeltaTriggerTimetable": DeltaTriggerTimetable,
    "airflow.sdk.DeltaDataIntervalTimetable": DeltaDataIntervalTimetable,
    "airflow.sdk.EventsTimetable": EventsTimetable,
    "airflow.sdk.MultipleCronTriggerTimetable": MultipleCronTriggerTimetable,
}


def value(written):
    if isinstance(written, dict) and "$seconds" in written:
        return timedelta(seconds=written["$seconds"])
    if isinstance(written, dict) and "$date" in written:
        return pendulum.parse(written["$date"])
    if isinstance(written, dict) and "$class" in written:
        return relativedelta(**written["arguments"])
    return [value(item) for item in written] if isinstance(written, list) else written


def timetable(schedule, zone):
    given = {name: value(one) for name, one in schedule["arguments"].items()}
    path = schedule["timetable"]
    if "Cron" in path:
        given["timezone"] = zone
    args = given.pop("crons", [])
    if "expression" in given:
        args = [given.pop("expression")]
    made = _CLASSES[path](*args, **given)
    return made if path.endswith("EventsTimetable") else coerce_to_core_timetable(made)


def pend(moment):
    return pendulum.instance(moment)


STANDS_STILL = (datetime(1, 1, 1, tzinfo=UTC),) * 3
NOW = [pendulum.datetime(2026, 1, 1)]


def answer(one, now, last, earliest, catchup):
    NOW[0] = pend(now)
    restriction = TimeRestriction(earliest and pend(earliest), None, catchup)
    interval = None if last is None else DataInterval(pend(last[0]), pend(last[1]))
    found = one.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)
    if found is None:
        return None
    return found.data_interval.start, found.data_interval.end, found.run_after


def walk(one, start, end):
    last = None
    while True:
        found = answer(one, end, last, start, catchup=True)
        if found is None or found[2] > end:
            return
        if last is not None and found[1] <= last[1]:
            yield STANDS_STILL  # and would for ever
            return
        yield found
        last = found[:2]


def text(found):
    return [moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") for moment in found]


def changes(zone, start, end):
    zone = pendulum.timezone(zone)
    moment, found = start, []
    while moment < end:
        later = moment + timedelta(days=1)
        if moment.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            found.append(moment)
        moment = later
    return found


def main():
    start, end = (datetime.fromisoformat(CASES[name]) for name in ("start", "end"))
    result = {"twenty_years": {}, "changes": {}, "now": []}
    for zone in CASES["zones"]:
        print(zone, file=sys.stderr)
        for name in CASES["twenty_years"]:
            digest, count = hashlib.sha256(), 0
            for found in walk(timetable(CASES["schedules"][name], zone), start, end):
                digest.update((" ".join(text(found)) + "\n").encode())
                count += 1
            result["twenty_years"][f"{name} in {zone}"] = [count, digest.hexdigest()]
        for name in CASES["changes"]:
            one = timetable(CASES["schedules"][name], zone)
            around = {}
            for day in changes(zone, start, end):
                found = walk(one, day - timedelta(days=1), day + timedelta(days=3))
                around[day.strftime("%Y-%m-%d")] = [text(item)[-1] for item in found]
            recent = dict(list(around.items())[-4:])
            whole = hashlib.sha256(json.dumps(around, sort_keys=True).encode()).hexdigest()
            result["changes"][f"{name} in {zone}"] = {"all": whole, "recent": recent}
    for zone in CASES["zones"][:1]:
        for name, schedule in CASES["schedules"].items():
            one = timetable(schedule, zone)
            for now in CASES["nows"]:
                for last in CASES["lasts"]:
                    for earliest in CASES["earliests"]:
                        for catchup in (True, False):
                            asked = [datetime.fromisoformat(item) for item in last] if last else None
                            begin = datetime.fromisoformat(earliest) if earliest else None
                            found = answer(one, datetime.fromisoformat(now), asked, begin, catchup)
                            case = [name, zone, now, last, earliest, catchup]
                            result["now"].append([*case, found and text(found)])
    lines = [json.dumps(case) for case in result.pop("now")]
    head = json.dumps(result, indent=1)
    (HERE / "answers.json").write_text(head[:-2] + ',\n "now": [\n' + ",\n".join(lines) + "\n ]\n}\n")


if __name__ == "__main__":
    with (
        patch("airflow.timetables.trigger.utcnow", lambda: NOW[0]),
        patch("airflow.timetables.interval.utcnow", lambda: NOW[0]),
        patch("airflow.timetables.events.timezone.utcnow", lambda: NOW[0]),
        patch("time.time", lambda: NOW[0].timestamp()),
    ):
        main()
