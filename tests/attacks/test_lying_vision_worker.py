"""A vision worker that was taken over, at a blind lane with nobody there (M7): what it tells does not open the lane.

The worker, the second readers, the lane's loop, its decisions, journal and evidence are real; the relay board is the
simulated one.
"""

import base64
import json
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.barrier.relay_board import RelayBoard
from agent.core.decision.judgement import JudgementRules
from agent.core.lane.lane_state_machine import Lane, LaneRules
from agent.core.model.instant import Instant
from agent.core.model.reasons import Reason, Verdict
from agent.core.permit import trust
from agent.core.permit.claims import PermitForm
from agent.core.permit.issue import DAY_S, Issuer, issue, trust_list
from agent.devices.port_supervisor import PortState
from agent.lane.decider import Decider, LanePlace, Sources
from agent.lane.loop import LaneDependencies, LaneDetection, LaneLoop
from agent.recording.evidence_writer import EvidenceWriter
from agent.recording.recorder import Recorder
from agent.site.standalone import StandaloneSite
from agent.store.evidence.evidence_store import EvidenceStore
from agent.vision.second_reading import COMMAND, SecondReadingLimits, SecondReadingService
from agent.vision.supervisor import CameraSupervisor
from agent.vision.worker.protocol import Configure
from drivers.relay import simulated
from drivers.relay.simulated import SimulatedRelay, SimulatedRelaySettings
from tests.support.board.barriers import wiring
from tests.support.lists.lists import ROOT
from tests.support.pki.permits import KEY, NOW, PERMIT
from tests.support.store.journals import FakeClock, open_journal
from tests.support.store.registries import open_registry
from tests.support.vision.kept_pictures import told, yard
from tests.support.waiting import PATIENCE_S, eventually, scaled

WORKER = str(Path(__file__).parents[1] / "support" / "vision" / "lying_worker.py")
READER = str(Path(__file__).parents[1] / "support" / "vision" / "second_reader_child.py")
PLATE, OTHER_PLATE = "新A12345", "京C98760"
PASS = (Verdict.PASS, Reason.OK)
MISMATCH = (Verdict.MANUAL, Reason.PICTURE_MISMATCH)
UNCONFIRMED = (Verdict.MANUAL, Reason.PICTURE_UNCONFIRMED)
PATIENT = SecondReadingLimits(start_s=PATIENCE_S, reading_s=PATIENCE_S, answer_s=PATIENCE_S)


def permit_for(plate, number=1):
    """A permit that nobody has used."""
    return issue(replace(PERMIT, permit_id=b"unused%02d" % number, plate=plate, plate_kind="civil"), KEY)


@pytest.fixture(scope="module")
def honest():
    """What an honest worker tells of a vehicle that is there."""
    return told(permit_for(PLATE), PLATE)


@pytest.fixture(scope="module")
def another():
    """The same of another vehicle, with a permit of its own."""
    return told(permit_for(OTHER_PLATE, 2), OTHER_PLATE)


class Gate:
    """One blind lane. `workers`: by camera, the folder by which its vision worker is told what to tell."""

    def __init__(self, folder, second_reading, *, cameras=("front",), decide_s=PATIENCE_S, **rules):
        self.made_at = time.monotonic()
        self.journal = open_journal(folder / "journal.db", clock=FakeClock(NOW))
        self.registry = open_registry(folder / "registry.db")
        self.registry.take_trust(trust.seal(trust_list([Issuer("KHE", KEY)], NOW - DAY_S), ROOT), "file")
        self.evidence = EvidenceStore(folder / "evidence", 64 << 20)
        self.evidence_writer = EvidenceWriter(self.evidence)
        self.recorder = Recorder(self.journal, lambda: NOW, heard=self.evidence_writer.on_recorded)
        self.second_reading = second_reading
        place = LanePlace(
            9411,
            1,
            "export",
            60,
            700,
            require_clock=False,
            rules=JudgementRules(**rules),
            forms=frozenset(PermitForm),
        )
        self.distrusted = []
        site = StandaloneSite(self.journal)
        sources = Sources(self.registry, self.journal, lambda: True, site, second_reading, self.distrusted.append)
        self.owner = RelayBoard("attacked", SimulatedRelay(SimulatedRelaySettings(name="attacked")))
        self.barrier = self.owner.barrier(wiring(), self._pulsed, lambda state, _: self.loop.relay_changed(state))
        self.views = []
        self.loop = LaneLoop(
            Lane.start(LaneRules("exit", 1, blind=True, gone_s=600.0, deny_again_s=0.0, decide_s=decide_s), 1),
            LaneDependencies(
                self.barrier,
                self.recorder,
                self.now,
                Decider(place, sources).decide,
                self.evidence_writer.keep,
                self.views.append,
                lambda _answer: None,
            ),
        )
        self.workers = {name: folder / name for name in cameras}
        self.cameras = [self._camera(name, told_by) for name, told_by in self.workers.items()]

    def _camera(self, name, told_by):
        told_by.mkdir()
        return CameraSupervisor(
            f"exit/{name}",
            Configure(camera_kind="drawn", camera={}),
            on_seen=lambda seen: self.loop.detected(LaneDetection(seen.presentations, seen.readings, seen.pictures)),
            on_status=lambda _status: None,
            command=[sys.executable, WORKER, str(told_by)],
        )

    def __enter__(self):
        self.evidence_writer.start()
        self.loop.start()
        self.owner.start()
        self.second_reading.start()
        for camera in self.cameras:
            camera.start()
        eventually(lambda: self.barrier.state is PortState.UP and self.views and self.views[-1].state == "idle")
        return self

    def __exit__(self, *_):
        for camera in self.cameras:
            camera.stop()
        self.loop.wind_down()
        self.owner.stop()
        self.loop.stop()
        self.second_reading.stop()
        self.evidence_writer.stop()
        self.journal.close()
        self.registry.close()
        simulated.forget_boards()

    def _pulsed(self, report):
        self.loop.pulsed(report)

    def now(self):
        at = time.monotonic()
        return Instant(at, NOW + at - self.made_at)  # not with the days for which the machine runs

    def tell(self, *frames, camera="front"):
        """Have a vision worker tell of frames: each a code, a plate, and the pictures that it says are theirs."""
        folder = self.workers[camera]
        first = len(list(folder.glob("*.told"))) + 1
        for number, (code, plate, overview, crop) in enumerate(frames, first):
            pictures = [picture for picture in (crop, overview) if picture is not None]
            said = {
                "codes": [] if code is None else [code.model_dump(mode="json")],
                "plates": [] if plate is None else [plate.model_dump(mode="json")],
                "picture": None if overview is None else len(pictures) - 1,
                "pictures": [base64.b64encode(picture).decode() for picture in pictures],
            }
            new = folder / f"{number}.new"
            new.write_text(json.dumps(said))
            new.rename(folder / f"{number}.told")

    def events(self, type_):
        found = [json.loads(one.payload) for one in self.journal.range(1, self.journal.head)]
        return [one["data"] for one in found if one["type"] == type_]

    def decision(self):
        """The first decision that is no RETRY, with its verdict and reason."""

        def decided():
            return [one for one in self.events("access.decided") if one["verdict"] != Verdict.RETRY]

        found = eventually(decided, what="a decision")[0]
        return found, (found["verdict"], found["reason"])

    @property
    def alarms(self):
        return [one["alarm"] for one in self.events("alarm.raised")]

    @property
    def closed(self):
        """Whether nothing was granted, and no relay was on."""
        return not self.events("access.granted") and not self.events("barrier.pulsed")


@contextmanager
def gate(folder, mode=None, limits=PATIENT, **options):
    """A gate with its second readers, which are the product's own unless a mode of the misbehaving ones is named."""
    command = COMMAND if mode is None else (sys.executable, READER, mode)
    with Gate(folder, SecondReadingService(1, limits=limits, command=command), **options) as running:
        yield running


def whole(one):
    return one.code, one.plate, one.overview, one.crop


# ------------------------------------------------------------------------------------------- what is true passes


def test_what_an_honest_worker_tells_is_read_again_and_opens_the_lane(tmp_path, honest):
    """M7: the second reading confirms what the pictures show, and they are the evidence of the grant."""
    with gate(tmp_path) as running:
        running.tell(whole(honest))
        decision, found = running.decision()
        assert found == PASS, decision
        eventually(lambda: running.events("barrier.pulsed"))
        assert running.alarms == []
        last = decision["checks"][-1]
        assert (last["reason"], last["ok"], last["detail"]) == ("PICTURE_MISMATCH", True, "2 pictures")
        eventually(lambda: all(running.evidence.get(name) is not None for name in decision["pictures"]))
        assert {honest.overview, honest.crop} <= {running.evidence.get(name) for name in decision["pictures"]}


def test_code_and_plate_of_two_frames_are_read_in_both_pictures(tmp_path, honest):
    """M7: where one frame shows the code and another one the plate, both kept pictures are read."""
    with gate(tmp_path) as running:
        running.tell((None, honest.plate, None, honest.crop), (honest.code, None, honest.overview, None))
        assert running.decision()[1] == PASS


# --------------------------------------------------------------------------------------------- what is a lie


def lies(honest, another):
    grey = another_grey()
    return {
        "an invented plate": (honest.code, honest.plate, honest.overview, another.crop),
        "an invented permit": (honest.code, honest.plate, another.overview, honest.crop),
        "a hidden permit, used later in an empty yard": (honest.code, honest.plate, yard(), honest.crop),
        "a grey picture": (honest.code, honest.plate, grey, grey),
        "a grey picture of the code": (honest.code, honest.plate, grey, honest.crop),
        "a grey picture of the plate": (honest.code, honest.plate, honest.overview, grey),
        "the pictures of another vehicle": (honest.code, honest.plate, another.overview, another.crop),
        "no picture at all, but the first bytes of one": (honest.code, honest.plate, b"\xff\xd8\xff", honest.crop),
        "a picture that is cut off": (honest.code, honest.plate, honest.overview[:900], honest.crop),
    }


def another_grey():
    """A picture in which nothing is to be seen."""
    import cv2  # noqa: PLC0415 - touched by this test alone
    import numpy as np  # noqa: PLC0415

    return cv2.imencode(".jpg", np.full((360, 640, 3), 128, np.uint8))[1].tobytes()


@pytest.mark.parametrize("lie", range(9))
def test_what_the_pictures_do_not_show_is_an_alarm_and_for_an_officer_at_once(tmp_path, honest, another, lie):
    """M7: an unused permit that was hidden from the lane, an invented plate, a grey picture, a wrong one."""
    name, frame = list(lies(honest, another).items())[lie]
    with gate(tmp_path) as running:
        running.tell(frame)
        decision, found = running.decision()
        assert found == MISMATCH, (name, decision)
        assert running.alarms == ["picture_mismatch"], name
        assert running.closed, name
        kept = set(decision["pictures"])
        assert len(kept) == len({frame[2], frame[3]}), "what was shown for evidence is kept"
        assert running.distrusted == ["exit/front"]
        eventually(lambda: all(running.evidence.get(picture) is not None for picture in kept))


def test_a_worker_that_admits_that_its_picture_shows_nothing_gets_an_officer_and_no_alarm(tmp_path, honest):
    """M7: a code that no picture shows well enough asks for another picture, and at last for an officer."""
    illegible = honest.code.model_copy(update={"legible": False})
    with gate(tmp_path, decide_s=scaled(0.5)) as running:
        running.tell((illegible, honest.plate, yard(), honest.crop))
        assert running.decision()[1] == UNCONFIRMED
        assert running.alarms == []
        assert running.closed
        assert running.distrusted == []


def test_whole_pictures_of_an_earlier_vehicle_open_no_lane_that_asks_for_two_cameras(tmp_path, honest):
    """M7: what one taken-over worker kept of an earlier vehicle is consistent; alone it is not believed."""
    with gate(tmp_path, cameras=("front", "side"), decide_s=scaled(0.5), require_two_cameras=True) as running:
        running.tell(whole(honest))
        decision, found = running.decision()
        assert found == (Verdict.MANUAL, Reason.PLATE_UNREADABLE), decision
        assert "by the camera that read the permit" in decision["checks"][-1]["detail"]
        assert running.closed


def test_where_two_cameras_saw_it_a_lane_that_asks_for_both_opens(tmp_path, honest):
    """M7: the code by one camera, the plate by the other, both read again."""
    with gate(tmp_path, cameras=("front", "side"), require_two_cameras=True) as running:
        running.tell((None, honest.plate, None, honest.crop), camera="side")
        running.tell(whole(honest))
        assert running.decision()[1] == PASS


# ------------------------------------------------------------------------------------- second readers that fail


@pytest.mark.parametrize("mode", ["hang", "segfault", "leave", "other", "garbage", "never", "early", "old"])
def test_a_second_reader_that_fails_is_for_an_officer_in_bounded_time(tmp_path, honest, mode):
    """M7: a picture that hangs or crashes its reader, and a reader that cannot be had, open nothing."""
    limits = SecondReadingLimits(start_s=scaled(1.0), answer_s=scaled(2.0), retry_first_s=0.5, retry_cap_s=1.0)
    with gate(tmp_path, mode, limits) as running:
        running.tell(whole(honest))
        decision, found = running.decision()
        assert found == UNCONFIRMED, decision
        assert running.closed
        assert running.alarms == []


def test_without_any_second_reader_an_officer_opens_and_the_status_says_why(tmp_path, honest):
    """M7: a process that cannot be started leaves the lane to officers, and the doctor hears of it."""
    limits = SecondReadingLimits(answer_s=scaled(0.3), retry_first_s=0.1, retry_cap_s=0.2)
    service = SecondReadingService(1, limits=limits, command=("/nonexistent/python",))
    with Gate(tmp_path, service) as running:
        eventually(lambda: service.status.trouble)
        assert "/nonexistent/python" in service.status.trouble
        running.tell(whole(honest))
        decision, found = running.decision()
        assert found == UNCONFIRMED
        assert "/nonexistent/python" in decision["checks"][-1]["detail"]
        assert running.closed


def test_after_a_lie_the_next_vehicle_is_read_by_a_new_process(tmp_path, honest, another):
    """M7: a second reader is used once, so that no picture outlives its vehicle."""
    with gate(tmp_path) as running:
        service = running.second_reading
        eventually(lambda: service.status.ready)
        (first,) = service.pids
        running.tell((honest.code, honest.plate, honest.overview, another.crop))
        assert running.decision()[1] == MISMATCH
        eventually(lambda: service.status.ready and service.pids != (first,))
        eventually(lambda: not Path(f"/proc/{first}").exists(), what="the end of the one before")
