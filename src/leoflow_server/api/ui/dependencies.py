"""The graph of what joins DAGs, and that of the tasks around one asset."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from leoflow_server.api.answers import answer
from leoflow_server.api.call import Viewer
from leoflow_server.api.errors import ApiError
from leoflow_server.api.queries import dependencies

router = APIRouter()
_SEPARATOR = "__SEPARATOR__"  # the UI's, between DAG and task


class Graph:
    """Nodes by id, in the order in which they came, and edges between them."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, str]] = {}
        self.edges: set[tuple[str, str]] = set()

    def node(self, kind: str, name: str, label: str) -> str:
        node_id = f"{kind}:{name}"
        self.nodes.setdefault(node_id, {"id": node_id, "label": label, "type": kind})
        return node_id

    def dag(self, dag_id: str) -> str:
        return self.node("dag", dag_id, dag_id)

    def chain(self, *node_ids: str) -> None:
        self.edges.update(pairwise(node_ids))

    def around(self, node_id: str) -> Graph:
        """What is joined to a node, however distant. Raises KeyError."""
        beside: defaultdict[str, set[str]] = defaultdict(set)
        for source, target in self.edges:
            beside[source].add(target)
            beside[target].add(source)
        seen, pending = {self.nodes[node_id]["id"]}, [node_id]
        while pending:
            new = beside[pending.pop()] - seen
            seen |= new
            pending += new
        part = Graph()
        part.nodes = {name: node for name, node in self.nodes.items() if name in seen}
        part.edges = {(source, target) for source, target in self.edges if source in seen}
        return part

    def shape(self) -> dict[str, Any]:
        edges = [{"source_id": source, "target_id": target} for source, target in sorted(self.edges)]
        return {"nodes": list(self.nodes.values()), "edges": edges}


def scheduling(conn: Connection, tenant_id: int) -> Graph:
    """Who starts whom: assets and their aliases between DAGs, tasks that start or await another DAG."""
    graph = Graph()
    under: defaultdict[int, list[Any]] = defaultdict(list)
    for row in dependencies.updated_under(conn, tenant_id=tenant_id):
        under[row.alias_pk].append(row)
    for row in dependencies.references(conn, tenant_id=tenant_id):
        if row.kind == "inlet":
            continue  # it starts nothing
        dag = graph.dag(row.dag_id)
        named = _named(graph, row)
        graph.chain(*((named, dag) if row.kind == "schedule" else (dag, named)))
        for told in under[row.alias_pk] if row.alias_pk is not None else ():
            asset = graph.node("asset", str(told.asset_pk), told.asset)
            graph.chain(*((asset, named) if row.kind == "schedule" else (named, asset)))
    for join in dependencies.joins(conn, tenant_id=tenant_id):
        ends = (join.dag_id, join.other) if join.kind == "trigger" else (join.other, join.dag_id)
        node = graph.node(join.kind, f"{ends[0]}:{ends[1]}:{join.task_id}", join.label)
        graph.chain(graph.dag(ends[0]), node, graph.dag(ends[1]))
    return graph


def _named(graph: Graph, row: Any) -> str:
    if row.asset_pk is not None:
        return graph.node("asset", str(row.asset_pk), row.asset)
    if row.alias_pk is not None:
        return graph.node("asset-alias", row.alias, row.alias)
    if row.name is not None:
        return graph.node("asset-name-ref", row.name, row.name)
    return graph.node("asset-uri-ref", row.uri, row.uri)


def data(conn: Connection, tenant_id: int) -> Graph:
    """Which tasks read and update which assets."""
    graph = Graph()
    for row in dependencies.references(conn, tenant_id=tenant_id):
        if row.asset_pk is None:
            continue
        asset = graph.node("asset", str(row.asset_pk), row.asset)
        if row.task_id is not None:
            name = f"{row.dag_id}{_SEPARATOR}{row.task_id}"
            task = graph.node("task", name, f"{row.dag_id}.{row.task_id}")
            graph.chain(*((task, asset) if row.kind == "outlet" else (asset, task)))
    return graph


@router.get("/ui/dependencies")
async def get_dependencies(call: Viewer) -> Response:
    node_id = call.params.text("node_id")
    kind = call.params.text("dependency_type") or "scheduling"
    if kind not in ("scheduling", "data"):
        raise ApiError(422, "dependency_type is scheduling or data")
    if kind == "data" and not (node_id or "").startswith("asset:"):
        raise ApiError(400, "Data dependencies require an asset node_id (e.g., 'asset:123')")

    def query(conn: Connection) -> dict[str, Any]:
        graph = (data if kind == "data" else scheduling)(conn, call.tenant_id)
        if node_id is None:
            return graph.shape()
        try:
            return graph.around(node_id).shape()
        except KeyError:
            raise ApiError(404, f"There is no {node_id} in the graph") from None

    return answer(await call.read(query))
