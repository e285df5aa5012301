"""Changes of variables, connections and pools, one or many: the same rules for all three."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from leoflow_server.api.bodies import Bulk, BulkAction
from leoflow_server.api.errors import ApiError, NotFound, Unprocessable, conflict

B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of thing. The functions work inside the transaction of the whole request."""

    label: str  # in messages: "variable"
    body: type[BaseModel]
    name_field: str
    exists: Callable[[Connection, str], bool]
    create: Callable[[Connection, Any], None]
    update: Callable[[Connection, Any, set[str]], None]  # body, fields to write
    delete: Callable[[Connection, str], None]

    def missing(self, name: str) -> NotFound:
        return NotFound(f"The {self.label.capitalize()} with {self.name_field}: `{name}` was not found")

    def add(self, conn: Connection, body: BaseModel) -> None:
        """Raises ApiError where there is one of that name."""
        name = str(getattr(body, self.name_field))
        if self.exists(conn, name):
            raise conflict(f"The {self.label.capitalize()} with {self.name_field}: `{name}` already exists")
        self.create(conn, body)

    def change(self, conn: Connection, body: BaseModel, mask: Collection[str] | None) -> None:
        """Writes what the request has, within the mask. Raises NotFound."""
        name = str(getattr(body, self.name_field))
        if not self.exists(conn, name):
            raise self.missing(name)
        self.update(conn, body, _given(body, mask))


def run(conn: Connection, kind: Kind, request: Bulk) -> dict[str, Any]:
    """`BulkResponse`. An action that fails changes nothing and says why; the others count."""
    response: dict[str, Any] = {"create": None, "update": None, "delete": None}
    for action in request.actions:
        result: dict[str, list[Any]] = response[action.action] or {"success": [], "errors": []}
        response[action.action] = result
        # A savepoint of its own: all or nothing per action.
        with conn.begin_nested() as savepoint:
            try:
                result["success"] += _ACTIONS[action.action](conn, kind, action)
            except ApiError as error:
                savepoint.rollback()
                result["errors"].append({"error": error.detail, "status_code": error.status})
    return response


def _create(conn: Connection, kind: Kind, action: BulkAction) -> list[str]:
    bodies = _bodies(kind, action)
    taken = [name for name in bodies if kind.exists(conn, name)]
    if taken and action.action_on_existence == "fail":
        raise ApiError(409, f"The {kind.label}s with these names already exist: {', '.join(sorted(taken))}.")
    done = []
    for name, body in bodies.items():
        if name not in taken:
            kind.create(conn, body)
        elif action.action_on_existence == "overwrite":
            kind.update(conn, body, {_on_the_wire(field) for field in type(body).model_fields})
        else:
            continue
        done.append(name)
    return done


def _update(conn: Connection, kind: Kind, action: BulkAction) -> list[str]:
    bodies = _bodies(kind, action)
    missing = _missing(conn, kind, action, list(bodies))
    done = []
    for name, body in bodies.items():
        if name not in missing:
            kind.update(conn, body, _given(body, action.update_mask))
            done.append(name)
    return done


def _given(body: BaseModel, mask: Collection[str] | None) -> set[str]:
    fields = {_on_the_wire(field) for field in body.model_fields_set}
    return fields & set(mask or fields)


def _on_the_wire(field: str) -> str:
    return field.rstrip("_")  # `schema_`, because pydantic has a `schema` of its own


def _delete(conn: Connection, kind: Kind, action: BulkAction) -> list[str]:
    names = [one if isinstance(one, str) else str(one.get(kind.name_field)) for one in action.entities]
    missing = _missing(conn, kind, action, names)
    done = [name for name in names if name not in missing]
    for name in done:
        kind.delete(conn, name)
    return done


def _missing(conn: Connection, kind: Kind, action: BulkAction, names: list[str]) -> set[str]:
    missing = {name for name in names if not kind.exists(conn, name)}
    if missing and action.action_on_non_existence == "fail":
        raise ApiError(
            404, f"The {kind.label}s with these names were not found: {', '.join(sorted(missing))}."
        )
    return missing


def _bodies(kind: Kind, action: BulkAction) -> dict[str, BaseModel]:
    bodies: dict[str, BaseModel] = {}
    for index, entity in enumerate(action.entities):
        try:
            body = kind.body.model_validate(entity)
        except ValidationError as error:
            first = error.errors()[0]
            where = ["body", "actions", "entities", index, *first["loc"]]
            raise Unprocessable.one(where, first["msg"]) from None
        bodies[str(getattr(body, kind.name_field))] = body
    return bodies


_ACTIONS: dict[str, Callable[[Connection, Kind, BulkAction], list[str]]] = {
    "create": _create,
    "update": _update,
    "delete": _delete,
}
