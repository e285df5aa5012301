"""Where the control plane may send requests on behalf of DAGs, and where never."""

from __future__ import annotations

import asyncio

import pytest

from leoflow_runtime.executors.native.guard import AddressDenied, AddressPolicy, resolve


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack
        "169.254.170.2",  # credentials of ECS tasks
        "fd00:ec2::254",
        "fe80::1",
        "100.100.100.200",
        "0.0.0.0",
        "::",
        "::ffff:169.254.169.254",  # the same, dressed as IPv6
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ],
)
def test_link_local_and_metadata_addresses_are_refused_by_default(address: str) -> None:
    with pytest.raises(AddressDenied, match="must not call"):
        AddressPolicy().check(address, "somewhere.test")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "93.184.216.34", "2606:4700::1111"])
def test_everything_else_may_be_called(address: str) -> None:
    AddressPolicy().check(address, "somewhere.test")


def test_a_network_may_be_denied_and_one_address_of_it_allowed() -> None:
    policy = AddressPolicy.parse(denied=["10.0.0.0/8"], allowed=["10.0.0.7"])

    policy.check("10.0.0.7", "good.test")
    with pytest.raises(AddressDenied):
        policy.check("10.0.0.8", "bad.test")


def test_where_networks_are_listed_nothing_else_is_called() -> None:
    policy = AddressPolicy.parse(only=["192.168.1.0/24"])

    policy.check("192.168.1.9", "good.test")
    with pytest.raises(AddressDenied, match="not among the networks"):
        policy.check("93.184.216.34", "bad.test")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_a_name_is_judged_by_what_it_means(name: str) -> None:
    """Numbers that the resolver takes for addresses are no way around."""
    policy = AddressPolicy.parse(denied=["127.0.0.0/8", "::1"])

    with pytest.raises(AddressDenied):
        asyncio.run(resolve(name, 80, policy))
