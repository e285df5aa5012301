"""What a task sees of assets, and what it says of them: `triggering_asset_events`, `inlet_events`,
`outlet_events`.

The events come along with the launch; nothing is asked for while the task runs.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from leoflow_runtime.child import dialect
from leoflow_runtime.child.instance import moment

Key = Tuple[str, ...]
Json = Mapping[str, Any]


class AssetEvent:
    """One update. `extra` is what the task that made it said; `source_…` name that task."""

    def __init__(self, given: Json) -> None:
        self.id: int = given["id"]
        self.timestamp = moment(given["timestamp"])
        self.extra: Dict[str, Any] = given["extra"]
        self.asset = dialect.assets().Asset(**given["asset"])
        self.uri: str = given["asset"]["uri"]
        self.source_aliases = [dialect.assets().AssetAlias(name) for name in given["aliases"]]
        self.source_dag_id: Optional[str] = given["source_dag_id"]
        self.source_run_id: Optional[str] = given["source_run_id"]
        self.source_task_id: Optional[str] = given["source_task_id"]
        self.source_map_index: int = given["source_map_index"]

    def __repr__(self) -> str:
        return f"AssetEvent(id={self.id}, asset={self.asset!r}, timestamp={self.timestamp})"


def _key(asset: Any) -> Key:
    """What a key of the mappings below says. Raises TypeError for what is no asset."""
    kinds = dialect.assets()
    if isinstance(asset, kinds.Asset):
        return ("asset", asset.name, asset.uri)
    if isinstance(asset, kinds.AssetAlias):
        return ("alias", asset.name)
    if isinstance(asset, kinds.AssetNameRef):
        return ("name", asset.name)
    if isinstance(asset, kinds.AssetUriRef):
        return ("uri", asset.uri)
    raise TypeError(f"Key should be either an asset or an asset alias, not {type(asset)}")


def _fits(key: Key, asset: Json) -> bool:
    if key[0] == "asset":
        return key[1:] == (asset["name"], asset["uri"])
    return bool(asset.get(key[0]) == key[1])


class _ByName:
    """`for_asset(name=…)` and `for_asset_alias(name=…)` beside `[…]`."""

    def for_asset(self, *, name: Optional[str] = None, uri: Optional[str] = None) -> Any:
        kinds = dialect.assets()
        if name and uri:
            return self[kinds.Asset(name=name, uri=uri)]  # type: ignore[index]
        return self[kinds.Asset.ref(name=name) if name else kinds.Asset.ref(uri=uri)]  # type: ignore[index]

    def for_asset_alias(self, *, name: str) -> Any:
        return self[dialect.assets().AssetAlias(name)]  # type: ignore[index]


class TriggeringEvents(_ByName, Mapping[Any, Sequence[AssetEvent]]):
    """Asset or alias -> the events that made this run, oldest first."""

    def __init__(self, given: Sequence[Json]) -> None:
        self._given = given

    def _keys(self) -> Dict[Key, Any]:
        kinds, found = dialect.assets(), {}
        for event in self._given:
            asset = kinds.Asset(**event["asset"])
            found[_key(asset)] = asset
            for name in event["aliases"]:
                found[("alias", name)] = kinds.AssetAlias(name)
        return found

    def __getitem__(self, asset: Any) -> Sequence[AssetEvent]:
        key = _key(asset)
        found = [
            AssetEvent(event)
            for event in self._given
            if (key[1] in event["aliases"] if key[0] == "alias" else _fits(key, event["asset"]))
        ]
        if not found:
            raise KeyError(asset)
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys().values())

    def __len__(self) -> int:
        return len(self._keys())


class InletEventsOf(Sequence[AssetEvent]):
    """The latest events of one inlet; narrowed like a query."""

    def __init__(self, events: List[AssetEvent]) -> None:
        self._events = events

    def after(self, after: Any) -> InletEventsOf:
        bound = _moment(after)
        return InletEventsOf([one for one in self._events if one.timestamp >= bound])

    def before(self, before: Any) -> InletEventsOf:
        bound = _moment(before)
        return InletEventsOf([one for one in self._events if one.timestamp <= bound])

    def ascending(self, ascending: bool = True) -> InletEventsOf:
        return InletEventsOf(sorted(self._events, key=lambda one: one.id, reverse=not ascending))

    def limit(self, limit: int) -> InletEventsOf:
        return InletEventsOf(self._events[:limit])

    def __getitem__(self, index: Any) -> Any:
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)


def _moment(given: Any) -> Any:
    return moment(given) if isinstance(given, str) else given


class InletEvents(_ByName, Mapping[Any, InletEventsOf]):
    """Inlet (or its index) -> its latest events."""

    def __init__(self, inlets: Sequence[Any], given: Sequence[Json]) -> None:
        self._inlets = inlets
        self._given = given

    def asset_named(self, name: str) -> Any:
        """The asset that an inlet names. Raises KeyError."""
        for one in self._given:
            if one["asset"] is not None and one["asset"]["name"] == name:
                return dialect.assets().Asset(**one["asset"])
        raise KeyError(name)

    def __getitem__(self, inlet: Any) -> InletEventsOf:
        key = _key(self._inlets[inlet] if isinstance(inlet, int) else inlet)
        for one in self._given:
            same = one["alias"] == key[1] if key[0] == "alias" else one["asset"] and _fits(key, one["asset"])
            if same:
                return InletEventsOf([AssetEvent(event) for event in one["events"]])
        raise KeyError(inlet)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)


class OutletEvent:
    """What the task says of one outlet: `extra`, and under an alias the assets that it has updated."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.extra: Dict[str, Any] = {}
        self.asset_alias_events: List[Dict[str, Any]] = []

    def add(self, asset: Any, extra: Optional[Dict[str, Any]] = None) -> None:
        """Under an alias: this asset has been updated."""
        if self.key[0] != "alias":
            return
        kind, *names = _key(asset)
        which = dict(zip(("name", "uri"), names)) if kind == "asset" else {kind: names[0]}
        told = {
            "alias": self.key[1],
            "extra": extra or {},
            "asset_extra": getattr(asset, "extra", None) or {},
        }
        self.asset_alias_events.append({**which, **told})


class OutletEvents(_ByName, Mapping[Any, OutletEvent]):
    """Outlet -> what is said of it."""

    def __init__(self) -> None:
        self._said: Dict[Key, Tuple[Any, OutletEvent]] = {}

    def __getitem__(self, asset: Any) -> OutletEvent:
        key = _key(asset)
        if key not in self._said:
            self._said[key] = (asset, OutletEvent(key))
        return self._said[key][1]

    def __iter__(self) -> Iterator[Any]:
        return (asset for asset, _ in self._said.values())

    def __len__(self) -> int:
        return len(self._said)


def given_to(launch: Json) -> Json:
    """What the control plane tells a launch of assets: `triggering` and `inlets`."""
    text = (launch.get("context") or {}).get("assets_json")
    return json.loads(text) if text else {"triggering": [], "inlets": []}


def updates(outlets: Sequence[Any], said: OutletEvents) -> List[Dict[str, Any]]:
    """The updates that a success leaves, for JSON. Raises TypeError where an extra has no JSON form."""
    if not outlets:
        return []
    kinds, found = dialect.assets(), []
    for outlet in outlets:
        if not isinstance(outlet, (kinds.BaseAsset)):
            continue  # a table of another tool, say
        event = said[outlet]
        kind, *names = event.key
        if kind == "alias":
            found += event.asset_alias_events
        elif kind == "asset":
            found.append({"name": names[0], "uri": names[1], "extra": event.extra})
        else:
            found.append({kind: names[0], "extra": event.extra})
    json.dumps(found)
    return found
