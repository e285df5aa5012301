"""What a task sees of assets and says of them, in a real process."""

from __future__ import annotations

import json
from typing import Any

from .task_process import Project

HEADER = """
from airflow.sdk import DAG, Asset, AssetAlias, Metadata, asset, task

orders = Asset("s3://shop/orders.csv")
rates = Asset(name="rates", uri="https://example.org/rates")
"""


def event(number: int, name: str, uri: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "timestamp": f"2026-03-0{number}T12:00:00+00:00",
        "extra": {"n": number},
        "asset": {"name": name, "uri": uri, "group": "asset", "extra": {}},
        "aliases": [],
        "source_dag_id": "p",
        "source_run_id": "r",
        "source_task_id": "t",
        "source_map_index": -1,
        **fields,
    }


def told(**assets: Any) -> dict[str, Any]:
    return {"assets_json": json.dumps({"triggering": [], "inlets": [], **assets})}


def in_dag(project: Project, body: str) -> None:
    project.write(HEADER + "with DAG('d'):\n" + body.replace("\n", "\n    "))


def test_a_success_updates_every_outlet_with_what_was_said_of_it(project: Project) -> None:
    in_dag(
        project,
        """
        @task(outlets=[orders, Asset.ref(name="rates"), AssetAlias("daily")])
        def t(*, outlet_events):
            outlet_events[orders].extra = {"rows": 3}
            outlet_events[AssetAlias("daily")].add(Asset("s3://new", extra={"owner": "x"}), extra={"n": 1})
        t()
        """,
    )

    assert project.run("t").result["asset_events"] == [
        {"name": "s3://shop/orders.csv", "uri": "s3://shop/orders.csv", "extra": {"rows": 3}},
        {"name": "rates", "extra": {}},
        {
            "alias": "daily",
            "name": "s3://new",
            "uri": "s3://new",
            "extra": {"n": 1},
            "asset_extra": {"owner": "x"},
        },
    ]


def test_yielded_metadata_is_said_of_outlets_and_the_return_value_stays(project: Project) -> None:
    in_dag(
        project,
        """
        @task(outlets=[orders, AssetAlias("daily")])
        def t():
            yield Metadata(orders, {"rows": 3})
            yield Metadata(rates, {"n": 1}, alias=AssetAlias("daily"))
            return 7
        t()
        """,
    )

    ended = project.run("t")

    assert [(one["name"], one["extra"]) for one in ended.result["asset_events"]] == [
        ("s3://shop/orders.csv", {"rows": 3}),
        ("rates", {"n": 1}),
    ]
    assert ended.result["xcoms"] == {"return_value": "7"}


def test_an_extra_without_a_json_form_fails_the_task(project: Project) -> None:
    in_dag(
        project,
        """
        @task(outlets=[orders])
        def t(*, outlet_events):
            outlet_events[orders].extra = {"what": object()}
        t()
        """,
    )

    ended = project.run("t")

    assert (ended.result["outcome"], ended.result["asset_events"]) == ("failed", [])


def test_the_events_that_made_the_run(project: Project) -> None:
    in_dag(
        project,
        """
        @task
        def t(*, triggering_asset_events, dag_run):
            events = triggering_asset_events[orders]
            print([(one.extra["n"], one.source_task_id, one.timestamp.day, one.asset.uri) for one in events])
            print(len(triggering_asset_events), [one.name for one in triggering_asset_events])
            print([one.id for one in triggering_asset_events.for_asset_alias(name="daily")])
            print(len(dag_run.consumed_asset_events))
        t()
        """,
    )
    uri = "s3://shop/orders.csv"
    events = [event(1, uri, uri), event(2, uri, uri, aliases=["daily"])]

    ended = project.run("t", context=told(triggering=events))

    shown = [record["event"] for record in ended.records if record["logger"] == "task.stdout"]
    assert shown == [
        f"[(1, 't', 1, '{uri}'), (2, 't', 2, '{uri}')]",
        f"2 ['{uri}', 'daily']",
        "[2]",
        "2",
    ]


def test_the_events_of_inlets_are_narrowed_like_a_query(project: Project) -> None:
    in_dag(
        project,
        """
        @task(inlets=[Asset.ref(name="rates")])
        def t(*, inlet_events):
            events = inlet_events[rates]
            print([one.id for one in events], events[-1].extra, len(inlet_events))
            print([one.id for one in events.ascending(False).limit(2)])
            print([one.id for one in inlet_events[0].after("2026-03-02T00:00:00+00:00")])
        t()
        """,
    )
    events = [event(number, "rates", "https://example.org/rates") for number in (1, 2, 3)]
    inlets = [{"alias": None, "asset": events[0]["asset"], "events": events}]

    ended = project.run("t", context=told(inlets=inlets))

    shown = [record["event"] for record in ended.records if record["logger"] == "task.stdout"]
    assert shown == ["[1, 2, 3] {'n': 3} 1", "[3, 2]", "[2, 3]"]


def test_an_asset_function_gets_itself_the_context_and_its_inlets(project: Project) -> None:
    project.write(
        HEADER
        + """
@asset(schedule=None, uri="s3://prices", dag_id="d")
def prices(self, context, rates):
    print(self.uri, context["run_id"], rates.uri)
    return 1
"""
    )
    rates = event(1, "rates", "https://example.org/rates")["asset"]
    inlets = [{"alias": None, "asset": rates, "events": []}]

    ended = project.run("prices", context=told(inlets=inlets))

    shown = [record["event"] for record in ended.records if record["logger"] == "task.stdout"]
    assert len(shown) == 1
    assert shown[0].startswith("s3://prices ")
    assert shown[0].endswith(" https://example.org/rates")
    assert ended.result["asset_events"] == [{"name": "prices", "uri": "s3://prices", "extra": {}}]
