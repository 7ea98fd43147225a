"""The search for cameras, by real multicast on the loopback address."""

from __future__ import annotations

import socket

import pytest

from drivers.api import DeviceUnavailableError
from drivers.camera.onvif import LocalNetwork, find_cameras, local_networks
from drivers.camera.onvif.discovery import _Search
from drivers.emulators.onvif import OnvifCamera
from drivers.emulators.onvif_form import OnvifFault, OnvifForm
from drivers.emulators.onvif_search import SearchResponder
from tests.support.waiting import PATIENCE_S, scaled

pytestmark = pytest.mark.usefixtures("no_leaks")

LOOPBACK = (LocalNetwork("lo", "127.0.0.1"),)
SHORT_S = 0.4


class FullError(Exception):
    """Ends a search as soon as it has found what it should."""


def searched(port, number):
    """The first cameras that are found, without waiting for more."""
    found = []

    def note(camera):
        found.append(camera)
        if len(found) == number:
            raise FullError

    with pytest.raises(FullError):
        find_cameras(scaled(10), networks=LOOPBACK, port=port, on_found=note)
    return found


def test_the_loopback_address_is_one_of_this_machines_and_the_last():
    networks = local_networks()
    assert networks[-1] == LOOPBACK[0]
    assert all(socket.inet_aton(one.address) and one.name for one in networks)


def test_cameras_that_listen_at_one_port_are_all_found_once_each_with_their_names():
    with (
        OnvifCamera(form=OnvifForm(name="Въезд 1")) as first,
        OnvifCamera(form=OnvifForm(name="入口"), search_port=first.search_port) as second,
    ):
        found = searched(first.search_port, 2)
    # Each has been asked at least twice by then.
    assert {one.place: one.name for one in found} == {first.place: "Въезд 1", second.place: "入口"}
    assert {one.hardware for one in found} == {"ONVIF emulator"}


@pytest.mark.parametrize("fault", [OnvifFault.SILENT, OnvifFault.FOREIGN])
def test_one_that_does_not_answer_this_search_is_not_found(fault):
    with OnvifCamera() as camera:
        camera.fault = fault
        assert find_cameras(SHORT_S, networks=LOOPBACK, port=camera.search_port) == ()


def test_one_that_names_another_host_is_asked_where_it_answered():
    with OnvifCamera() as camera:
        camera.fault = OnvifFault.ELSEWHERE_FOUND
        (found,) = searched(camera.search_port, 1)
    assert (found.service.host, found.other_hosts) == ("127.0.0.1", ("192.0.2.9",))


@pytest.mark.parametrize("answer", [b"nonsense", b"<a>" * 20_000, b"\xff" * 60_000])
def test_nonsense_from_the_network_is_dropped(answer):
    responder = SearchResponder(lambda _: answer, 0)
    responder.start()
    try:
        assert find_cameras(SHORT_S, networks=LOOPBACK, port=responder.port) == ()
    finally:
        responder.stop()
    assert responder.heard


def test_one_that_floods_the_search_does_not_end_it_for_others():
    search = _Search(None)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
    ):
        asking.bind(("127.0.0.1", 0))
        asking.settimeout(PATIENCE_S)
        for _ in range(1500):
            flood.sendto(b"<a/>", asking.getsockname())
            search.take(asking)
    assert not search.is_full


@pytest.mark.parametrize("networks", [(), (LocalNetwork("gone", "192.0.2.1"),)])
def test_without_an_address_to_search_from_there_is_an_error(networks):
    with pytest.raises(DeviceUnavailableError, match="search"):
        find_cameras(SHORT_S, networks=networks, port=1)
