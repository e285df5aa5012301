"""Assets, aliases and conditions over them, as declared: what they mean is in `dag.json`."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 1500


class BaseAsset:
    """What can be a schedule, an inlet or an outlet; `&` and `|` combine them."""

    def __or__(self, other: BaseAsset) -> BaseAsset:
        return AssetAny(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __and__(self, other: BaseAsset) -> BaseAsset:
        return AssetAll(self, other) if isinstance(other, BaseAsset) else NotImplemented


class _Named(BaseAsset):
    """Equal where class and fields are."""

    def _fields(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Named):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())


class Asset(_Named):
    """Data with a name and a URI, each of which stands for the other where only one is given."""

    asset_type = "asset"

    def __init__(
        self,
        name: str | None = None,
        uri: Any = None,
        *,
        group: str | None = None,
        extra: dict[str, Any] | None = None,
        watchers: list[AssetWatcher] | None = None,
    ) -> None:
        """Raises TypeError without either, ValueError for texts that name nothing."""
        if name is None and uri is None:
            raise TypeError("Asset() requires either 'name' or 'uri'")
        self.name: str = str(uri) if name is None else name
        self.uri: str = self.name if uri is None else str(uri)
        self.group = self.asset_type if group is None else group
        self.extra = extra or {}
        self.watchers = watchers or []
        for field in ("name", "uri"):
            _check_identifier(self, field)
        if self.name in ("self", "context"):
            raise ValueError(f"prohibited name for asset: {self.name}")

    @staticmethod
    def ref(*, name: str = "", uri: str = "") -> AssetRef:
        """An asset declared elsewhere, by its name or its URI. Raises TypeError for both or neither."""
        if name and uri:
            raise TypeError("Asset reference must be made to either name or URI, not both")
        if name:
            return AssetNameRef(name)
        if uri:
            return AssetUriRef(uri)
        raise TypeError("Asset reference expects keyword argument 'name' or 'uri'")

    def _fields(self) -> tuple[Any, ...]:
        return ("asset", self.name, self.uri, self.group)

    def __fspath__(self) -> str:
        return self.uri

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class Dataset(Asset):
    """An asset under its older name."""

    asset_type = "dataset"


class Model(Asset):
    """An asset that is a model."""

    asset_type = "model"


class AssetRef(_Named):
    """What `Asset.ref(…)` gives."""


class AssetNameRef(AssetRef):
    """By name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _fields(self) -> tuple[Any, ...]:
        return ("name", self.name)


class AssetUriRef(AssetRef):
    """By URI."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def _fields(self) -> tuple[Any, ...]:
        return ("uri", self.uri)


class AssetAlias(_Named):
    """A name under which a task says, while it runs, which assets it has updated."""

    def __init__(self, name: str, *, group: str = "asset") -> None:
        self.name = name
        self.group = group
        _check_identifier(self, "name")

    def _fields(self) -> tuple[Any, ...]:
        return ("alias", self.name, self.group)

    def __repr__(self) -> str:
        return f"AssetAlias(name={self.name!r})"


class AssetBooleanCondition(_Named):
    """Several assets or conditions. Raises TypeError for anything else."""

    def __init__(self, *objects: BaseAsset) -> None:
        if not all(isinstance(one, BaseAsset) for one in objects):
            raise TypeError("expect asset expressions in condition")
        self.objects = objects

    def _fields(self) -> tuple[Any, ...]:
        return (type(self).__name__, *self.objects)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.objects))})"


class AssetAny(AssetBooleanCondition):
    """One of them."""

    def __or__(self, other: BaseAsset) -> BaseAsset:
        return AssetAny(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class AssetAll(AssetBooleanCondition):
    """All of them."""

    def __and__(self, other: BaseAsset) -> BaseAsset:
        return AssetAll(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented


class AssetWatcher:
    """A trigger that tells of an asset's updates from outside."""

    def __init__(self, name: str, trigger: Any) -> None:
        self.name = name
        self.trigger = trigger


def _check_identifier(owner: Any, field: str) -> None:
    value, what = getattr(owner, field), f"{type(owner).__name__} {field}"
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a string")
    if not value.strip():
        raise ValueError(f"{what} cannot be {'just whitespace' if value else 'empty'}")
    if len(value) > _LONGEST:
        raise ValueError(f"{what} cannot exceed {_LONGEST} characters")


def __getattr__(name: str) -> Any:
    if name == "Metadata":
        from airflow.sdk.definitions.asset.metadata import Metadata

        return Metadata
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
