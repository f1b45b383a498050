"""The networks that an address belongs to, from narrow to wide. Pure.

A limit for one address is no limit: a household owns 18 quintillion addresses of IPv6 and a small provider
65,536 times as many households. So each request counts for every network that its address lies in, and wider
ones have larger budgets (see `limits`). An address of IPv4 that is written as one of IPv6 counts as itself:
mapped (RFC 4291, 2.5.5.2), 6to4 (RFC 3056), Teredo (RFC 4380) and NAT64 (RFC 6052, 2.1).

An onion address and a link for many reports are no networks. All who come that way are one crowd.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

WIDTHS_4 = (32, 24, 16)
WIDTHS_6 = (64, 48, 32)
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a request counts for."""

    networks: tuple[str, ...]
    """From narrow to wide; of a crowd the one name that it has."""
    crowd: bool = False
    """Many people, and nothing tells one from another."""


ONION = Visitor(("onion",), crowd=True)


def of_address(address: str) -> Visitor:
    """Return the networks of an address; whatever is no address counts as one network."""
    try:
        ip = ip_address(address.partition("%")[0])  # without the zone of a link-local one (RFC 4007)
    except ValueError:
        return Visitor(("unknown",))
    ip = _inner(ip)
    widths = WIDTHS_4 if isinstance(ip, IPv4Address) else WIDTHS_6
    return Visitor(tuple(str(ip_network((ip, width), strict=False)) for width in widths))


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
