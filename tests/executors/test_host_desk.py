"""Several host agents at one desk: the work is shared, and each answers for its own."""

from __future__ import annotations

import asyncio

from leoflow_runtime.executors.host_desk import Attachment, HostDesk, ShutdownOrder, StartOrder, StopOrder


async def given(attachment: Attachment) -> list[object]:
    attachment.end()
    return [order async for batch in attachment.orders() for order in batch]


def test_orders_go_to_the_idlest_and_each_launch_to_one() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        first, second = desk.attach("a"), desk.attach("b")
        desk.settle(first, [1, 2])
        desk.settle(second, [3])
        for launch_id in (4, 5, 3, 1):
            desk.start(launch_id, 1)
        assert desk.held() == {1, 2, 3, 4, 5}
        assert desk.held_elsewhere("a") == {3, 4} | ({5} & second.held)
        assert len(await given(first)) + len(await given(second)) == 2

    asyncio.run(scenario())


def test_a_stop_goes_to_the_holder_or_to_everyone() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        first, second = desk.attach("a"), desk.attach("b")
        desk.settle(first, [1])
        desk.settle(second, [])
        desk.stop(1, "because")
        desk.stop(9, "who has it?")
        assert await given(first) == [
            StopOrder(launch_id=1, reason="because"),
            StopOrder(launch_id=9, reason="who has it?"),
        ]
        assert await given(second) == [StopOrder(launch_id=9, reason="who has it?")]

    asyncio.run(scenario())


def test_what_one_host_holds_is_known_while_another_is_away() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        first, second = desk.attach("a"), desk.attach("b")
        desk.settle(first, [1])
        assert desk.held() == {1}  # b has not said yet what it holds
        desk.settle(second, [2])
        desk.detach(first)
        assert desk.held() == {2}
        assert (desk.has("a"), desk.has("b")) == (False, True)
        desk.detach(second)
        assert desk.held() is None

    asyncio.run(scenario())


def test_shutting_down_is_for_ones_own_and_standing_by_for_all() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        own, other = desk.attach("own"), desk.attach("other")
        desk.shut_down("own")
        desk.start(7, 2)
        desk.dismiss_all()
        seen = [[order async for batch in one.orders() for order in batch] for one in (own, other)]
        assert ShutdownOrder() in seen[0]
        assert ShutdownOrder() not in seen[1]
        assert StartOrder(launch_id=7, generation=2) in seen[0] + seen[1]

    asyncio.run(scenario())


def test_what_an_agent_has_no_room_for_waits_and_a_stop_does_not() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        attachment = desk.attach("a", capacity=2)
        attachment.adopted([1])
        desk.settle(attachment, [1])
        for launch_id in (2, 3):
            desk.start(launch_id, 1)
        desk.stop(1, "because")
        batches = attachment.orders()
        assert await anext(batches) == [
            StartOrder(launch_id=2, generation=1),
            StopOrder(launch_id=1, reason="because"),
        ]
        desk.ended(1)
        assert await anext(batches) == [StartOrder(launch_id=3, generation=1)]
        assert desk.held() == {2, 3}

    asyncio.run(scenario())


def test_places_are_offered_as_far_as_there_is_room_and_each_is_used_once() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        attachment = desk.attach("a", capacity=3, agent_pid=7)
        assert desk.places() == []  # nobody knows yet what it holds
        attachment.adopted([1])
        desk.settle(attachment, [1])
        first, second = desk.places()
        assert {(place.host, place.agent_pid) for place in (first, second)} == {("a", 7)}
        assert desk.places() == [first, second]  # nothing came of the transaction
        desk.spend([first])  # on record: whoever plans next must not give it out again
        assert desk.places()[0] == second
        assert first not in desk.places()
        desk.start(2, 1, first)
        assert desk.places() == [second]
        batches = attachment.orders()
        assert await anext(batches) == [StartOrder(launch_id=2, generation=1, place=first)]
        desk.start(3, 1, second)
        desk.start(4, 1)
        assert desk.places() == []
        assert await anext(batches) == [StartOrder(launch_id=3, generation=1, place=second)]
        assert first.session not in repr(first)

    asyncio.run(scenario())


def test_what_has_a_place_at_an_agent_that_is_away_goes_to_no_other() -> None:
    async def scenario() -> None:
        desk = HostDesk()
        away, other = desk.attach("away", capacity=1), desk.attach("other", capacity=1)
        for attachment in (away, other):
            desk.settle(attachment, [])
        place = next(one for one in desk.places() if one.host == "away")
        desk.detach(away)
        desk.start(5, 1, place)
        assert desk.held() == set()
        assert await given(other) == []

    asyncio.run(scenario())
