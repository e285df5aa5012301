"""Where requests of native tasks may go: the control plane must not be talked into asking its own cloud.

Names are resolved here, every address is checked, and the connection is made to the address that was
checked, so that a name cannot mean one thing for the check and another for the connection (DNS
rebinding). Redirects come through here as well: each is a connection of its own.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Link-local (cloud metadata among it), unspecified, multicast, and metadata services that live elsewhere.
ALWAYS_DENIED = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",
        "fe80::/10",
        "0.0.0.0/8",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
        "fd00:ec2::254/128",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "168.63.129.16/32",
    )
)


class AddressDenied(Exception):
    """A request to a place that the policy does not allow; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """`allowed`: exceptions from everything that is denied. `only`: nothing else may be reached at all."""

    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()
    only: tuple[Network, ...] = ()
    always_denied: tuple[Network, ...] = field(default=ALWAYS_DENIED)

    @classmethod
    def parse(
        cls, *, allowed: Iterable[str] = (), denied: Iterable[str] = (), only: Iterable[str] = ()
    ) -> AddressPolicy:
        """From networks such as `10.0.0.0/8` or single addresses. Raises ValueError."""
        return cls(allowed=_networks(allowed), denied=_networks(denied), only=_networks(only))

    def check(self, address: str, host: str) -> None:
        """Raises AddressDenied."""
        read = _plain(ip_address(address))
        if _within(read, self.allowed):
            return
        if _within(read, self.always_denied) or _within(read, self.denied):
            raise AddressDenied(f"{host} ({address}) is an address that the control plane must not call")
        if self.only and not _within(read, self.only):
            raise AddressDenied(
                f"{host} ({address}) is not among the networks that the control plane may call"
            )


async def resolve(host: str, port: int, policy: AddressPolicy) -> list[str]:
    """The addresses of a host, all of which the policy allows. Raises AddressDenied, OSError.

    One bad address is enough to refuse the name: which of them would be used is nobody's promise.
    """
    try:
        addresses = [str(ip_address(host.strip("[]")))]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    for address in addresses:
        policy.check(address, host)
    return addresses


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one (mapped, 6to4, NAT64) is what is inside."""
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and address in _NAT64:
            inside = IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return inside
    return address


_NAT64 = IPv6Network("64:ff9b::/96")


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _networks(texts: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text.strip(), strict=False) for text in texts)
