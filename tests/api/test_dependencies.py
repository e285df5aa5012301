"""The graph of what joins DAGs, as the UI asks for it; node ids are Airflow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.documents import dag, task
from tests.api.server import Server

ORDERS = {"name": "orders", "uri": "s3://shop/orders"}
LOOSE = {"name": "loose", "uri": "s3://loose"}
STANDARD = "airflow.providers.standard"


def operator(task_id: str, path: str, **arguments: Any) -> dict[str, Any]:
    return {"task_id": task_id, "type": "operator", "operator_class": path, "call_args": arguments}


DAGS = (
    dag("producer", task("make", outlets=[ORDERS, {"alias": "daily"}])),
    dag("consumer", task("use", inlets=[LOOSE]), schedule={"assets": {"any": [{"ref": "orders"}, LOOSE]}}),
    dag("later", task("use"), schedule={"assets": {"alias": "daily"}}),
    dag(
        "starter",
        operator(
            "start", f"{STANDARD}.operators.trigger_dagrun.TriggerDagRunOperator", trigger_dag_id="plain"
        ),
        operator(
            "late", f"{STANDARD}.operators.trigger_dagrun.TriggerDagRunOperator", trigger_dag_id="{{ x }}"
        ),
        operator("await", f"{STANDARD}.sensors.external_task.ExternalTaskSensor", external_dag_id="producer"),
    ),
    dag("plain", task("t")),
    dag("alone", task("t")),
)


async def graph(server: Server, **params: str) -> tuple[set[str], set[tuple[str, str]]]:
    found = await server.get("/ui/dependencies", **params)
    nodes = {node["id"] for node in found["nodes"]}
    edges = {(edge["source_id"], edge["target_id"]) for edge in found["edges"]}
    assert {end for edge in edges for end in edge} <= nodes
    return nodes, edges


async def ready(server: Server) -> dict[str, int]:
    for document in DAGS:
        reply = await server.register(document)
        assert reply.status_code == 201, reply.text
    found = await server.get("/api/v2/assets", only_active="false")
    return {one["name"]: one["id"] for one in found["assets"]}


def test_what_joins_dags(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        pks = await ready(server)
        orders, loose = f"asset:{pks['orders']}", f"asset:{pks['loose']}"
        nodes, edges = await graph(server)
        assert edges == {
            ("dag:producer", orders),
            (orders, "dag:consumer"),
            (loose, "dag:consumer"),
            ("dag:producer", "asset-alias:daily"),
            ("asset-alias:daily", "dag:later"),
            ("dag:starter", "trigger:starter:plain:start"),
            ("trigger:starter:plain:start", "dag:plain"),
            ("dag:producer", "sensor:producer:starter:await"),
            ("sensor:producer:starter:await", "dag:starter"),
        }
        assert "dag:alone" not in nodes
        found = await server.get("/ui/dependencies")
        assert {"id": orders, "label": "orders", "type": "asset"} in found["nodes"]

    tell(story)


def test_the_part_around_one_node(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        await server.register(dag("one", task("t", outlets=[LOOSE])))
        pks = await ready(server)
        assert len((await graph(server, node_id="dag:plain"))[0]) > 5
        nodes, edges = await graph(server, node_id=f"asset:{pks['loose']}", dependency_type="data")
        assert nodes == {
            f"asset:{pks['loose']}",
            "task:one__SEPARATOR__t",
            "task:consumer__SEPARATOR__use",
        }
        assert (f"asset:{pks['loose']}", "task:consumer__SEPARATOR__use") in edges
        assert (await server.client.get("/ui/dependencies?node_id=dag:nobody")).status_code == 404
        assert (await server.client.get("/ui/dependencies?dependency_type=data")).status_code == 400

    tell(story)
