"""S3: a network is what its owner can fill with addresses, however they are written."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.entrypoints.portal.networks import of_address

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


@given(st.ip_addresses())
def test_each_network_lies_in_the_next_and_holds_the_address_or_the_one_inside_it(address):
    networks = [ip_network(each) for each in of_address(str(address)).networks]
    assert len(networks) == 3
    for narrow, wide in pairwise(networks):
        assert narrow.prefixlen > wide.prefixlen
        assert narrow.subnet_of(wide)
    if networks[0].version == address.version:
        assert address in networks[0]


@given(V4)
def test_an_address_of_ipv4_counts_as_itself_however_it_is_written(address: IPv4Address):
    """S3: mapped, 6to4, NAT64 and Teredo are doors into one address of IPv4, not 18 quintillion visitors."""
    number = int(address)
    written = (
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(0x2002 << 112 | number << 80 | 0x1234),
        IPv6Address(0x64FF9B << 96 | number),
        IPv6Address(0x20010000 << 96 | 0xC0000201 << 64 | number ^ 0xFFFF_FFFF),
    )
    assert {of_address(str(each)) for each in written} == {of_address(str(address))}


@given(V6, st.integers(0, 2**96 - 1))
def test_one_slash_32_of_ipv6_is_one_network(address: IPv6Address, within: int):
    """S3: a /32 cannot pass as four billion visitors."""
    other = ip_address(int(address) >> 96 << 96 | within)
    one, two = of_address(str(address)), of_address(str(other))
    if ip_network(one.networks[0]).version == ip_network(two.networks[0]).version == 6:
        assert one.networks[-1] == two.networks[-1]


@pytest.mark.parametrize(
    ("address", "known_as"),
    [
        ("192.0.2.77", ("192.0.2.77/32", "192.0.2.0/24", "192.0.0.0/16")),
        ("2001:db8:1:2ff::1", ("2001:db8:1:2ff::/64", "2001:db8:1::/48", "2001:db8::/32")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/48", "fe80::/32")),
        ("testclient", ("unknown",)),
        ("", ("unknown",)),
    ],
)
def test_a_network_stands_for_its_addresses(address, known_as):
    assert of_address(address).networks == known_as
