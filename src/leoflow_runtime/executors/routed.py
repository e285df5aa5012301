"""Two executors as one: what needs no process goes to the native one, everything else to the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from leoflow_runtime.executors.protocol import Executor, LaunchOrder, OffersPlaces, Place, TellsObstacles


class RoutedExecutor:
    """`Executor` by `LaunchOrder.is_native`."""

    def __init__(self, native: Executor, other: Executor) -> None:
        self._native = native
        self._other = other

    async def launch(self, order: LaunchOrder) -> None:
        await (self._native if order.is_native else self._other).launch(order)

    def places(self) -> Sequence[Place]:
        """Of the other one."""
        return self._other.places() if isinstance(self._other, OffersPlaces) else ()

    def spend(self, places: Iterable[Place]) -> None:
        if isinstance(self._other, OffersPlaces):
            self._other.spend(places)

    async def cancel(self, launch_id: int, reason: str) -> None:
        # Whoever does not know it ignores it.
        await self._native.cancel(launch_id, reason)
        await self._other.cancel(launch_id, reason)

    def obstacle(self, launch_id: int) -> str | None:
        """What the other one knows; the native one starts at once."""
        return self._other.obstacle(launch_id) if isinstance(self._other, TellsObstacles) else None

    async def running(self) -> Collection[int] | None:
        native, other = await self._native.running(), await self._other.running()
        return None if native is None or other is None else frozenset(native) | frozenset(other)
