"""The addresses of the computer: read from what the kernel lists, and in the certificate of a console that listens at
all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509

from agent.console.certificate import certificate
from agent.console.web.addresses import certified_names
from agent.console.web.interfaces import v4_addresses, v6_addresses
from agent.settings.model.agent import Console

NOW = datetime(2026, 11, 26, tzinfo=UTC).timestamp()
FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.168.1.0/24 2 0 2
        |-- 192.168.1.0
           /24 link UNICAST
        |-- 192.168.1.10
           /32 host LOCAL
        |-- 192.168.1.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
Local:
     |-- 192.168.1.10
        /32 host LOCAL
"""
IF_INET6 = """\
fe80000000000000021122fffe334455 02 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 02 40 00 82     eth0
20010db8000000000000000000000007 02 40 00 01     eth0
20010db8000000000000000000000008 02 40 00 20     eth0
20010db8000000000000000000000009 02 40 00 40     eth0
"""


def test_addresses_that_last_are_read_and_those_of_a_link_alone_or_soon_gone_are_not(tmp_path):
    (tmp_path / "fib_trie").write_text(FIB_TRIE)
    (tmp_path / "if_inet6").write_text(IF_INET6)
    assert v4_addresses(tmp_path) == ["127.0.0.1", "192.168.1.10"]
    assert v6_addresses(tmp_path) == ["::1", "fd00::2"]


def test_where_the_kernel_does_not_tell_there_are_none(tmp_path):
    assert v4_addresses(tmp_path) == v6_addresses(tmp_path) == []


@pytest.mark.parametrize(("listen", "kinds"), [("0.0.0.0", {4}), ("::", {4, 6})])  # noqa: S104 - what is tested
def test_at_all_addresses_the_certificate_is_for_those_of_this_computer_and_new_when_one_is_added(
    tmp_path, listen, kinds
):
    names = certified_names(Console(listen=(listen,)))
    addresses = {*v4_addresses(), *(v6_addresses() if 6 in kinds else [])}
    assert "127.0.0.1" in addresses
    made = certificate(Console(), tmp_path, names, NOW)
    parsed = x509.load_pem_x509_certificate(made.chain_file.read_bytes())
    told = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(map(str, told.get_values_for_type(x509.IPAddress))) == addresses
    assert {ip_address(one).version for one in addresses} <= kinds
    assert "localhost" in told.get_values_for_type(x509.DNSName)
    assert certificate(Console(), tmp_path, names, NOW).fingerprint == made.fingerprint
    assert certificate(Console(), tmp_path, [*names, "192.0.2.77"], NOW).fingerprint != made.fingerprint
