"""Assets, and objects known by class and arguments, as values of `dag.json`."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from leoflow_compiler.evaluate.values import Library, Opaque, Value
from leoflow_compiler.lower.values import MISSING, Argument, json_value, plain_number
from leoflow_compiler.models.assets import Alias, Asset, AssetLike, Condition, Reference
from leoflow_compiler.models.dateutil import RelativeDelta
from leoflow_compiler.models.timetables import Instance


def asset_condition(argument: Argument, value: Value) -> dict[str, Any]:
    """An asset, alias, reference or condition. Raises Interruption where a part is not known."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return {"all": [asset_condition(argument, part) for part in value]}
    if isinstance(value, Asset):
        return _asset(argument, value)
    if isinstance(value, Alias):
        found: dict[str, Any] = {"alias": _text(argument, value.name)}
        return found if value.group == "asset" else found | {"group": _text(argument, value.group)}
    if isinstance(value, Reference):
        reference = {"ref": _text(argument, value.text)}
        return reference if value.by == "name" else reference | {"by": value.by}
    if isinstance(value, Condition):
        return {value.kind: [asset_condition(argument, part) for part in value.parts]}
    if isinstance(value, Opaque):
        raise argument.interpreter.structure_needs(value, f"an asset of {argument.owner}", argument.place)
    raise argument.wrong("an asset, or a list or condition of assets")


def asset_list(argument: Argument) -> list[dict[str, Any]] | None:
    """Inlets or outlets. What is no asset (a table of another tool, say) is left to the code."""
    value = argument.value
    items = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    found = [asset_condition(argument, item) for item in items if isinstance(item, AssetLike)]
    return found or None


def _asset(argument: Argument, asset: Asset) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _text(argument, asset.name), "uri": _text(argument, asset.uri)}
    if asset.group != "asset":
        found["group"] = _text(argument, asset.group)
    extra = json_value(asset.extra)
    if isinstance(extra, dict) and extra:
        found["extra"] = extra
    watchers = asset.watchers if isinstance(asset.watchers, (list, tuple)) else []
    names = [one.arguments.get("name") for one in watchers if isinstance(one, Instance)]
    if any(isinstance(name, str) for name in names):
        found["watchers"] = [str(name) for name in names if isinstance(name, str)]
    return found


def _text(argument: Argument, value: Value) -> str:
    if isinstance(value, Opaque):
        what = f"the name or URI of an asset of {argument.owner}"
        raise argument.interpreter.structure_needs(value, what, argument.place)
    return str(value)


def literal(value: Value) -> Any:
    """A value with dates, durations, zones and objects in it as JSON; MISSING where it is not known."""
    if isinstance(value, datetime.timedelta):
        return {"$seconds": plain_number(value.total_seconds())}
    if isinstance(value, RelativeDelta):
        moved = {name: amount for name, amount in value.moved.items() if amount}
        path = "dateutil.relativedelta.relativedelta"
        return {"$class": path, "arguments": {**moved, **value.fixed}}
    if isinstance(value, (datetime.datetime, datetime.date)):
        return {"$date": value.isoformat()}
    if isinstance(value, zoneinfo.ZoneInfo):
        return value.key or "UTC"
    if isinstance(value, datetime.tzinfo):
        return str(value)
    if isinstance(value, Library):
        return {"$name": value.path}
    if isinstance(value, Instance):
        return {"$class": value.path, "arguments": literals(value.arguments)}
    if isinstance(value, (list, tuple)):
        items = [literal(item) for item in value]
        return MISSING if any(item is MISSING for item in items) else items
    if type(value) is dict and all(isinstance(key, str) for key in value):
        return literals(value)
    return json_value(value)


def literals(values: dict[str, Value]) -> dict[str, Any]:
    """Those of the values that are literal."""
    lowered = {name: literal(value) for name, value in values.items()}
    return {name: value for name, value in lowered.items() if value is not MISSING}
