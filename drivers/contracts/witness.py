"""What every driver of a camera that reads plates promises. What it makes of a fault is in `witness_faults`.

A kind's test classes inherit the suite.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.api import CameraNeeds, DeviceMisconfiguredError, DeviceUnavailableError
from drivers.contracts.certificates import Authority
from drivers.contracts.waiting import PATIENCE_S, eventually
from drivers.emulators.plate_camera_faults import CameraFault, CameraForm, Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drivers.api import WitnessedPlate, WitnessPort
    from drivers.emulators.plate_camera import PlateCamera

SHORT_S = 0.05
PLATE = "沪A12345"
WRONG = "not the secret"
FORMS = {
    "as documented": CameraForm(),
    "bare line feeds": CameraForm(line_end=b"\n"),
    "lengths of zero": CameraForm(lengths="zero"),
    "lengths of zero and bare line feeds": CameraForm(lengths="zero", line_end=b"\n"),
    "no lengths": CameraForm(lengths="none"),
    "the boundary with its hyphens": CameraForm(hyphens=True),
    "chunked": CameraForm(chunked=True),
    "SHA-256": CameraForm(algorithm="SHA-256"),
    "the oldest digest": CameraForm(qop=False),
    "nonces for one request": CameraForm(stale_after=1),
    "nonces that are too old without a word": CameraForm(stale_after=1, says_stale=False),
    "nonces named beforehand": CameraForm(next_nonce=True),
}


class WitnessSuite:
    """What the suites share. A subclass names its kind and gives its camera."""

    kind: ClassVar[str]
    camera_class: ClassVar[type[PlateCamera]]
    model: ClassVar[str]

    @pytest.fixture
    def camera(self) -> Iterator[PlateCamera]:
        with self.camera_class() as camera:
            yield camera

    @pytest.fixture
    def witness(self, camera: PlateCamera) -> Iterator[WitnessPort]:
        with self.made(camera) as witness:
            yield witness

    def table(self, camera: PlateCamera, **more: object) -> dict[str, object]:
        """The keys that configure the driver."""
        login = {"user": camera.user, "password": camera.password}
        patience = {"connect_timeout_ms": 30_000, "silence_s": 600.0}
        return {"host": "127.0.0.1", "port": camera.port, **login, **patience, **more}

    @contextlib.contextmanager
    def made(self, camera: PlateCamera, **more: object) -> Iterator[WitnessPort]:
        """A driver that has not connected yet."""
        witness = registry.witness(self.kind, self.table(camera, **more))
        try:
            yield witness
        finally:
            witness.close()


@pytest.mark.usefixtures("no_leaks")
class WitnessContract(WitnessSuite):
    """The contract."""

    def test_its_settings_refuse_unknown_keys_and_explain_every_field(self, camera: PlateCamera) -> None:
        model = registry.settings_model(registry.WITNESSES, self.kind)
        assert all(field.description for field in model.model_fields.values())
        with pytest.raises(ValidationError, match="extra"):
            model.model_validate(self.table(camera, no_such_key=1))

    def test_it_needs_its_port_and_a_name_only_where_one_is_given(self, camera: PlateCamera) -> None:
        assert registry.witness_needs(self.kind, self.table(camera)) == CameraNeeds(tcp_ports=(camera.port,))
        named = registry.witness_needs(self.kind, self.table(camera, host="camera.local", port=None))
        assert (named.names, named.tcp_ports) == (True, (80,))

    def test_opening_tells_what_the_camera_is_and_where(self, camera: PlateCamera, witness: WitnessPort) -> None:
        identity = witness.open()
        assert self.model in identity
        assert f"127.0.0.1:{camera.port}" in identity

    def test_a_camera_that_does_not_tell_its_model_is_taken_all_the_same(
        self, camera: PlateCamera, witness: WitnessPort
    ) -> None:
        camera.identity = lambda: b"\xff no document"  # type: ignore[method-assign]
        assert connect(camera, witness).startswith("a camera at")
        assert shown(camera, witness).text == PLATE

    def test_a_plate_comes_as_the_camera_says_it_and_with_its_time(
        self, camera: PlateCamera, witness: WitnessPort
    ) -> None:
        connect(camera, witness)
        before = time.monotonic()
        plate = shown(camera, witness, confidence=80, lane=2)
        assert (plate.text, plate.lane, plate.colour.lower(), plate.picture) == (PLATE, 2, "blue", None)
        assert plate.confidence == pytest.approx(0.8, abs=0.005)
        assert before <= plate.at <= time.monotonic()

    def test_plates_come_in_their_order_also_the_same_one_again(
        self, camera: PlateCamera, witness: WitnessPort
    ) -> None:
        connect(camera, witness)
        plates = ["A111AA01", "B222BB02", "B222BB02", "京AD12345"]
        for plate in plates:
            camera.show(plate)
        assert [read(witness).text for _ in plates] == plates
        assert witness.read(0.0) is None

    @pytest.mark.parametrize("text", ["", "unknown", "无车牌", "  none "])
    def test_a_camera_that_says_it_read_none_has_witnessed_nothing(
        self, camera: PlateCamera, witness: WitnessPort, text: str
    ) -> None:
        connect(camera, witness)
        camera.show(text)
        camera.show(PLATE)
        assert read(witness).text == PLATE

    def test_what_it_read_in_the_past_is_not_told_as_news(self, camera: PlateCamera, witness: WitnessPort) -> None:
        connect(camera, witness)
        camera.show("B222BB02", past=True)
        camera.show(PLATE)
        assert read(witness).text == PLATE

    @pytest.mark.parametrize("text", ["A" * 33, "A1\x1b[2J", "A1\u202e22"])
    def test_a_text_that_no_plate_can_be_ends_the_stream(
        self, camera: PlateCamera, witness: WitnessPort, text: str
    ) -> None:
        connect(camera, witness)
        camera.show(text)
        with pytest.raises(DeviceUnavailableError) as lost:
            read(witness)
        assert text not in str(lost.value)

    def test_without_a_plate_a_read_ends_when_its_time_is_over(self, witness: WitnessPort) -> None:
        witness.open()
        began_at = time.monotonic()
        assert witness.read(SHORT_S) is None
        assert time.monotonic() - began_at >= SHORT_S * 0.9

    def test_before_open_and_after_close_there_is_nothing_to_read(
        self, camera: PlateCamera, witness: WitnessPort
    ) -> None:
        for _ in range(2):
            with pytest.raises(DeviceUnavailableError):
                witness.read(0.0)
            connect(camera, witness)
            camera.show("not read")
            witness.close()
            witness.close()

    def test_a_pulled_cable_is_noticed_and_the_camera_comes_back_without_what_was_before(
        self, camera: PlateCamera, witness: WitnessPort
    ) -> None:
        connect(camera, witness)
        for _ in range(2):
            puller = threading.Timer(SHORT_S, camera.unplug)
            puller.start()
            with pytest.raises(DeviceUnavailableError):
                witness.read(PATIENCE_S)
            puller.join()
            witness.close()
            with pytest.raises(DeviceUnavailableError):
                witness.open()
            camera.plug()
            connect(camera, witness)
            assert shown(camera, witness).text == PLATE

    def test_it_may_be_opened_in_one_thread_and_read_in_another(
        self, camera: PlateCamera, witness: WitnessPort
    ) -> None:
        connect(camera, witness)
        heard: list[WitnessedPlate] = []
        thread = threading.Thread(target=lambda: heard.append(shown(camera, witness)))
        thread.start()
        thread.join(PATIENCE_S)
        assert [plate.text for plate in heard] == [PLATE]

    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    @pytest.mark.parametrize("pictures", [False, True], ids=["plates alone", "with pictures"])
    def test_it_understands_every_form_that_a_camera_may_have(self, form: CameraForm, *, pictures: bool) -> None:
        with self.camera_class(form=form) as camera, self.made(camera, pictures=pictures) as witness:
            connect(camera, witness)
            plate = shown(camera, witness)
            assert plate.text == PLATE
            assert shown(camera, witness).text == PLATE
            if pictures:
                assert plate.picture == camera.pictures()[-1].body
            witness.close()
            connect(camera, witness)
            assert shown(camera, witness).text == PLATE
            assert camera.guard.wrong == 0

    def test_a_reading_without_its_picture_comes_all_the_same(self, camera: PlateCamera) -> None:
        with self.made(camera, pictures=True) as witness:
            connect(camera, witness)
            camera.show(PLATE, pictures=False)
            plate = read(witness)
            assert (plate.text, plate.picture) == (PLATE, None)

    def test_a_reading_without_a_confidence_counts_as_the_settings_say(self, camera: PlateCamera) -> None:
        with self.made(camera, assumed_confidence=0.75) as witness:
            connect(camera, witness)
            camera.send(self.without_confidence(camera))
            assert read(witness).confidence == 0.75

    def without_confidence(self, camera: PlateCamera) -> Document:
        """A document that tells a plate and no confidence."""
        raise NotImplementedError

    def test_a_wrong_password_is_tried_once_and_told_without_the_password(
        self, camera: PlateCamera, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        refusal = pytest.raises(DeviceMisconfiguredError, match="refuses the user gate")
        with self.made(camera, password=WRONG) as witness, refusal as refused:
            witness.open()
        assert camera.guard.wrong == 1
        assert WRONG not in str(refused.value) + repr(refused.value.__context__) + caplog.text

    def test_the_password_goes_out_as_it_is_only_where_that_is_asked_for(self, camera: PlateCamera) -> None:
        camera.fail(CameraFault.BASIC)
        with self.made(camera) as witness, pytest.raises(DeviceMisconfiguredError, match="only Basic"):
            witness.open()
        assert camera.guard.wrong == 0
        with self.made(camera, allow_basic=True) as witness:
            assert self.model in witness.open()

    def test_over_tls_the_camera_must_prove_to_be_the_one(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        certificate, key = authority.issue("camera", hosts=["127.0.0.1"])
        other, _ = authority.issue("other", hosts=["127.0.0.1"])
        strange = Authority(tmp_path, "strange")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with self.camera_class(tls=context) as camera:
            for proof in ({"ca_file": authority.ca}, {"certificate_sha256": fingerprint(certificate)}):
                with self.made(camera, tls=True, **proof) as witness:
                    connect(camera, witness)
                    assert shown(camera, witness).text == PLATE
            told = len(camera.targets)
            for proof, words in (
                ({"ca_file": strange.ca}, "not trusted"),
                ({"certificate_sha256": fingerprint(other)}, "another certificate"),
                ({"ca_file": tmp_path / "none"}, "expected certificates in PEM"),
            ):
                refusal = pytest.raises(DeviceMisconfiguredError, match=words)
                with self.made(camera, tls=True, **proof) as witness, refusal:
                    witness.open()
            assert len(camera.targets) == told

    def test_a_camera_that_speaks_no_tls_is_unavailable(self, camera: PlateCamera) -> None:
        proof = {"tls": True, "certificate_sha256": "0" * 64}
        with self.made(camera, **proof) as witness, pytest.raises(DeviceUnavailableError, match="no TLS with"):
            witness.open()


def connect(camera: PlateCamera, witness: WitnessPort) -> str:
    """Open the port, and wait until the camera knows that somebody listens to it."""
    before = camera.streams
    identity = witness.open()
    eventually(lambda: camera.streams > before, what="a listener")
    return identity


def shown(camera: PlateCamera, witness: WitnessPort, **how: Any) -> WitnessedPlate:
    """Have the camera read a plate, and return what comes of it."""
    camera.show(PLATE, **how)
    return read(witness)


def read(witness: WitnessPort) -> WitnessedPlate:
    """The next plate, which must come."""
    plate = witness.read(PATIENCE_S)
    assert plate is not None
    return plate


def fingerprint(certificate: Path) -> str:
    """SHA-256 of a certificate, as people copy it."""
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))
    plain = hashlib.sha256(der).hexdigest().upper()
    return ":".join(plain[at : at + 2] for at in range(0, len(plain), 2))
