"""What a task says about an update of an asset."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk.definitions.asset import Asset, AssetAlias


class Metadata:
    """Yielded by a task: `extra` goes to the event of that asset."""

    def __init__(
        self, asset: Asset, extra: dict[str, Any] | None = None, alias: AssetAlias | None = None
    ) -> None:
        self.asset = asset
        self.extra = extra or {}
        self.alias = alias
