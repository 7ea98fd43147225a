"""Whatever the gate says in an event, a status or an error is a text that is told in every language."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import agent
import drivers
from agent.console.access.failure_log import NAMES_TOLD, FailureLog
from agent.core.events.event_types import AlarmRaised, CheckRecord
from agent.core.lane.effects import OrderAnswered, Record
from agent.core.lane.lane_state_machine import LaneRules
from agent.core.lane.test_pulse import pulse_obstacle
from agent.core.model.reasons import Reason
from agent.devices.port_supervisor import PortState
from agent.i18n import Language, translate
from agent.i18n.recorded import recorded_detail
from agent.vision.mapping import CameraStatus
from agent.vision.worker.protocol import CameraPhase, CameraState
from agent.vision.worker.wire import Decoder, encoded
from drivers.text import Text, joined
from tests.support.lane.judging import decide
from tests.support.lane.walks import LANES, World
from tests.unit.agent.core.decision.test_judgement_reasons import ROWS
from tools.texts import OTHERS

ENGLISH = re.compile(r"(?:\b[a-z]{2,} ){3}[a-z]{2,}\b")
"""Four English words in a row: no name or value has as many."""

SOURCES = [Path(str(package.__file__)).parent for package in (agent, drivers)]
OF_COMMANDS = "agent/cli/"
"""What is said on the command line is said in English alone."""

OF_PROGRAMMERS = {
    "AccessStoreError",
    "AssertionError",
    "AttributeError",
    "CatalogueError",
    "CertificateError",
    "ColumnsError",
    "DatabaseError",
    "FilterError",
    "ImportError",
    "KioskError",
    "LookupError",
    "OperationalError",
    "PackError",
    "PictureError",
    "ProtocolError",
    "SiteMessageError",
    "TypeError",
    "UnguardedRouteError",
    "UnfitKeyError",
    "ValueError",
    "WeightsError",
    "WrongGateKeyError",
}
"""Errors that reach logs, commands and programmers only."""


OF_ISSUERS = {
    "{host} port ",
    "a seed is",
    "an answer to nothing that was asked",
    "command ",
    "it cannot be written",
    "is no map key",
    "no encoding for",
    "no unencrypted private key",
    "the journal was replaced",
    "the private key is neither",
    "the text would have",
    "the trust list cannot be written",
}
"""What issuers of permits and lists are told by their commands, what logs say, and what is a bug: in English alone."""


def check_told(words):
    """A detail with a sentence in it is a text, and told in each language; so is what it is read back as."""
    if not re.search(r"[a-z]{2,} [a-z]", words):
        return
    assert isinstance(words, Text), words
    written = json.loads(CheckRecord(reason=Reason.OK, ok=True, detail=words).model_dump_json())
    for language in OTHERS:
        assert not ENGLISH.search(translate(words, language)), words
        assert translate(recorded_detail(written), language) == translate(words, language)


@pytest.mark.parametrize("name", ROWS)
def test_every_check_of_a_decision_is_told(name):
    _, given, *_ = ROWS[name]
    for final in (False, True):
        for one in decide(final=final, **given).checks:
            check_told(one.detail)


class Listener(World):
    """A lane that is walked at random; whatever it says is noted."""

    said: set[str]

    def carry_out(self, effects, verdict):
        self.said |= {one.detail for one in effects if isinstance(one, OrderAnswered)}
        drafts = [draft for one in effects if isinstance(one, Record) for draft in one.events]
        self.said |= {draft.event.detail for draft in drafts if isinstance(draft.event, AlarmRaised)}
        self.said.add(pulse_obstacle(self.lane, self.at))
        super().carry_out(effects, verdict)


def test_whatever_a_lane_says_is_told():
    said = set()
    for number, rules in enumerate(LANES.values()):
        world = Listener(LaneRules("lane-3", 3, **rules), 7000 * number)
        world.said = set()
        world.run(300)
        said |= world.said
    assert len(said) > 30
    for words in said:
        check_told(words)


def test_what_a_vision_worker_says_of_its_camera_is_told_beyond_its_process():
    words = joined(["cam", Text("no such file")], ": ")
    sent = encoded(CameraState(phase=CameraPhase.BACKOFF, detail=words))
    (received,) = Decoder(from_worker=True).feed(sent)
    status = CameraStatus("out/front", PortState.CONNECTING, CameraPhase.CONNECTING).with_camera(received.message)
    assert status.detail == "cam: no such file"
    assert translate(status.detail, Language.RU) == "cam: нет такого файла"


def test_an_error_that_people_read_is_raised_with_a_text():
    """Not with a plain sentence, which stays English: `Text("... {name}", name=name)`."""
    plain = set()
    for source in SOURCES:
        for path in sorted(source.rglob("*.py")):
            place = path.relative_to(source.parent).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                said = isinstance(node, ast.Raise) and not place.startswith(OF_COMMANDS)
                if said and isinstance(node.exc, ast.Call):
                    kind = ast.unparse(node.exc.func).rpartition(".")[2]
                    code = ast.unparse(node.exc)
                    known = kind in OF_PROGRAMMERS or any(words in code for words in OF_ISSUERS)
                    if not known and any(map(_is_sentence, node.exc.args)):
                        plain.add(f"{place}: {code}")
    assert plain == set()


def test_failed_log_ins_are_told():
    told = []
    log = FailureLog(lambda _address, words: told.append(words), lambda: 0.0)
    log.failed("aigul", "10.0.0.1")
    for number in range(NAMES_TOLD + 4):
        log.failed(f"user{number}", f"10.0.0.{number}")
    log.failed(None, "10.0.0.1")
    log.flush()
    assert told[1].endswith(", 4 other users, unknown names (1)")
    for words in told:
        check_told(words)


def _is_sentence(node):
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and re.search("[a-z]{2}", part.value) for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
