"""The second readers: waiting, confined, used once; what they say is checked, and none keeps anybody waiting."""

import json
import os
import queue
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.core.decision.second_reading import PicturesShown, VinShown
from agent.core.model import VinSource
from agent.vision.second_reading import COMMAND, WITHOUT_PRINT, SecondReadingLimits, SecondReadingService
from agent.vision.worker.picture_selector import crop_jpeg
from bench.sights import Sight
from bench.vin_labels import label, vin_of
from bench.vin_labels import shown as seen_label
from bench.vin_print_labels import PrintedLabel
from bench.vin_print_labels import seen_label as seen_print
from tests.support.vision.kept_pictures import told, yard
from tests.support.vision.sandbox_attempts import BARRED
from tests.support.waiting import PATIENCE_S, eventually, scaled

CHILD = str(Path(__file__).parents[3] / "support" / "vision" / "second_reader_child.py")
RETRY = {"retry_first_s": 0.05, "retry_cap_s": 0.1, "steady_s": 0.2, "killed_s": scaled(1.0)}
PATIENT = SecondReadingLimits(start_s=PATIENCE_S, fork_s=PATIENCE_S, reading_s=PATIENCE_S, answer_s=PATIENCE_S, **RETRY)
PLATE, TEXT = "新A12345", "GP1:PERMIT"


@contextmanager
def running(mode=None, wanted=1, limits=PATIENT, command=None):
    """A service whose readers are the product's own, unless a mode of the misbehaving ones is named."""
    command = command or (COMMAND if mode is None else (sys.executable, CHILD, mode))
    service = SecondReadingService(wanted, limits=limits, command=command)
    service.start()
    try:
        yield service
    finally:
        assert service.stop()


def answer(service, codes=(), plates=()):
    """What they show, and why that is not known."""
    answers = queue.Queue()
    service.read(codes, plates, lambda shown, why: answers.put((shown, why)))
    return answers.get(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def honest():
    return told(TEXT, PLATE)


def test_it_reads_the_vins_of_labels_and_of_codes_in_the_order_of_their_pictures(honest):
    vin, other = vin_of(1), vin_of(2)
    bars = crop_jpeg(seen_label(label(VinSource.CODE_39, vin), Sight(2.5), np.random.default_rng(1)).pixels)
    qr = crop_jpeg(seen_label(label(VinSource.QR, f"VIN:{other}"), Sight(4.0), np.random.default_rng(2)).pixels)
    with running() as service:
        answers = queue.Queue()
        service.read([honest.overview], [], lambda shown, why: answers.put((shown, why)), [bars, yard(), qr])
        shown, why = answers.get(timeout=PATIENCE_S)
    assert (why, shown.codes, shown.plates) == ("", (TEXT.encode(),), ())
    assert shown.vins == ((VinShown(vin, VinSource.CODE_39),), (), (VinShown(other, VinSource.QR),))


def test_it_reads_the_vin_that_is_printed_on_a_label_with_the_shares_of_its_characters():
    seen = seen_print(PrintedLabel(vin_of(3)), Sight(18.0, contrast=150.0), 3)
    left, top = (int(value) - 40 for value in seen.corners.min(axis=0))
    right, bottom = (int(value) + 40 for value in seen.corners.max(axis=0))
    with running() as service:
        answers = queue.Queue()
        crop = crop_jpeg(seen.pixels[top:bottom, left:right])
        service.read([], [], lambda shown, why: answers.put((shown, why)), [crop])
        shown, why = answers.get(timeout=PATIENCE_S)
    assert why == ""
    ((vin,),) = shown.vins
    assert (vin.text, vin.source, len(vin.positions)) == (vin_of(3), VinSource.PRINT, 17)
    assert 0.9 < vin.confidence < 1
    assert "".join(position[0][0] for position in vin.positions) == vin.text
    assert vin.columns


def test_where_no_camera_reads_vins_print_is_left_out_and_codes_are_read():
    vin = vin_of(1)
    bars = crop_jpeg(seen_label(label(VinSource.CODE_39, vin), Sight(2.5), np.random.default_rng(1)).pixels)
    printed = crop_jpeg(seen_print(PrintedLabel(vin), Sight(18.0, contrast=150.0), 3).pixels)
    with running(command=WITHOUT_PRINT) as service:
        answers = queue.Queue()
        service.read([], [], lambda shown, why: answers.put((shown, why)), [bars, printed])
        shown, why = answers.get(timeout=PATIENCE_S)
    assert (why, shown.vins) == ("", ((VinShown(vin, VinSource.CODE_39),), ()))


def alive(pid):
    return Path(f"/proc/{pid}").exists()


def parent(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


def test_it_reads_codes_and_plates_in_their_order(honest):
    with running() as service:
        shown, why = answer(service, [honest.overview, yard()], [honest.crop, yard(), honest.crop])
        assert (why, shown.codes) == ("", (TEXT.encode(),))
        first, nothing, last = shown.plates
        assert (first.text, nothing, last) == (PLATE, None, first)
        assert first.columns == honest.plate.columns or first.confidence > 0.9


@pytest.mark.parametrize("picture", [b"\xff\xd8\xff", b"\xff\xd8\xff" + bytes(100_000)])
def test_what_is_no_picture_shows_nothing(picture):
    with running() as service:
        assert answer(service, [picture], [picture]) == (PicturesShown((), (None,)), "")


def test_as_many_wait_as_are_wanted_and_each_is_used_once(honest):
    with running(wanted=2) as service:
        eventually(lambda: service.status.ready == 2)
        before = set(service.pids)
        assert answer(service, [honest.overview])[0].codes == (TEXT.encode(),)
        eventually(lambda: service.status.ready == 2 and len(set(service.pids) & before) == 1)
        (used,) = before - set(service.pids)
        eventually(lambda: not alive(used))


def test_each_is_forked_from_one_process_that_has_one_thread_and_gets_nothing_of_it_but_its_own_socket(honest):
    with running(wanted=2) as service:
        eventually(lambda: service.status.ready == 2)
        assert answer(service, [honest.overview])[0].codes == (TEXT.encode(),)
        eventually(lambda: service.status.ready == 2)
        parents, files = set(), []
        for pid in service.pids:
            parents.add(parent(pid))
            files.append(sorted(int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()))
        (template,) = parents
        assert template != os.getpid()
        assert [each.name for each in Path(f"/proc/{template}/task").iterdir()] == [str(template)]
    assert [each[:3] for each in files] == [[0, 1, 2], [0, 1, 2]]
    assert [len(each) for each in files] == [4, 4]
    eventually(lambda: not alive(template))


def test_where_the_process_that_they_are_forked_from_is_killed_another_one_is_started(honest):
    with running() as service:
        eventually(lambda: service.status.ready)
        (first,) = service.pids
        template = parent(first)
        os.kill(template, signal.SIGKILL)
        eventually(lambda: not alive(first), what="the end of what was forked from it")
        assert answer(service, [honest.overview])[0].codes == (TEXT.encode(),)


def test_where_that_process_hangs_another_one_is_started_within_the_time_of_a_fork(honest):
    with running(limits=replace(PATIENT, fork_s=scaled(0.5))) as service:
        eventually(lambda: service.status.ready)
        template = parent(service.pids[0])
        os.kill(template, signal.SIGSTOP)
        assert answer(service, [honest.overview])[0].codes == (TEXT.encode(),)
        assert answer(service, [honest.overview])[0].codes == (TEXT.encode(),)
        eventually(lambda: not alive(template))


def test_questions_that_come_at_once_are_all_answered(honest):
    answers = queue.Queue()
    with running(wanted=1) as service:
        for _ in range(3):
            service.read([honest.overview], [], lambda shown, why: answers.put((shown, why)))
        found = [answers.get(timeout=PATIENCE_S) for _ in range(3)]
    assert found == [(PicturesShown((TEXT.encode(),)), "")] * 3


def test_a_second_reader_that_was_taken_over_can_do_nothing_of_what_it_tries(tmp_path):
    """It is confined as a vision worker is; its attempts are those of tests/unit/agent/vision/worker/sandbox."""
    files = {"journal": "journal.db", "credential": "mqtt.password", "configuration": "gate.toml"}
    for name in files.values():
        (tmp_path / name).write_text("secret")
    program = tmp_path / "no-program"
    program.write_bytes(bytes(4))
    program.chmod(0o755)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "1.png").write_bytes(b"picture")
    targets = {name: str(tmp_path / path) for name, path in files.items()}
    targets |= {"pictures": str(pictures), "written": str(tmp_path / "written"), "no_program": str(program)}
    targets |= {"broker": 1, "service": str(tmp_path / "service"), "port": "/dev/ttyUSB9"}
    with running(json.dumps(targets)) as service:
        shown, why = answer(service, [yard()])
        assert why == ""
        assert service.status.unconfined == ()
    outcomes = json.loads(shown.codes[0])
    assert {what: outcome for what, outcome in outcomes.items() if outcome not in BARRED} == {}
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("segfault", "was ended by SIGSEGV"),
        ("leave", "ended with exit code 3"),
        ("other", "an answer about other pictures"),
        ("garbage", "it broke the protocol"),
        ("hang", "no answer came in time"),
    ],
)
def test_one_that_fails_over_its_pictures_is_ended_and_the_next_one_waits(honest, mode, why):
    limits = SecondReadingLimits(
        start_s=PATIENCE_S, fork_s=PATIENCE_S, reading_s=scaled(1.0), answer_s=PATIENCE_S, **RETRY
    )
    with running(mode, limits=limits) as service:
        eventually(lambda: service.status.ready)
        (first,) = service.pids
        shown, said = answer(service, [honest.overview])
        assert shown is None
        assert why in said
        eventually(lambda: service.status.ready and service.pids != (first,))
        eventually(lambda: not alive(first))


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("never", "it was not ready within"),
        ("unloaded", "exit code 6"),
        ("early", "exit code 5"),
        ("old", "mixed installations"),
        ("bare", "expected a handle of the process"),
    ],
)
def test_one_that_cannot_be_had_is_told_and_no_question_waits_for_ever(honest, mode, why):
    start_s = scaled(0.3) if mode == "never" else PATIENCE_S
    seldom = RETRY | {"retry_first_s": 1.0, "retry_cap_s": 2.0}
    limits = SecondReadingLimits(start_s=start_s, answer_s=scaled(0.5), **seldom)
    with running(mode, limits=limits) as service:
        eventually(lambda: why in service.status.trouble)
        assert answer(service, [honest.overview])[0] is None
        # One that ends late counts as well for a moment, and one that had the question is no trouble.
        eventually(lambda: service.status.trouble)


def test_a_program_that_is_not_there_is_told_and_tried_again(honest, tmp_path):
    program = tmp_path / "python"
    limits = SecondReadingLimits(start_s=PATIENCE_S, answer_s=scaled(0.2), **RETRY)
    with running(limits=limits, command=(str(program), *COMMAND[1:])) as service:
        eventually(lambda: "could not be started" in service.status.trouble)
        shown, why = answer(service, [honest.overview])
        assert (shown, str(program) in why) == (None, True)
        whole = tmp_path / "python.new"
        whole.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        whole.chmod(0o755)
        whole.rename(program)
        eventually(lambda: service.status.ready, what="the second reader that can be started by now")
        eventually(lambda: service.status.trouble == "")


def test_after_a_stop_nothing_is_left_and_nobody_waits(honest):
    answers = queue.Queue()
    with running("hang") as service:
        eventually(lambda: service.status.ready)
        pids = service.pids
        service.read([honest.overview], [], lambda shown, why: answers.put(shown))
        service.read([honest.overview], [], lambda shown, why: answers.put(shown))
    assert [answers.get(timeout=PATIENCE_S) for _ in range(2)] == [None, None]
    assert answer(service, [honest.overview]) == (None, "the agent stops")
    eventually(lambda: not any(map(alive, pids)))


def test_it_dies_with_the_agent():
    program = (
        "import sys, time\n"
        "from agent.vision.second_reading import SecondReadingLimits, SecondReadingService\n"
        "service = SecondReadingService(1, limits=SecondReadingLimits(start_s=float(sys.argv[1])))\n"
        "service.start()\n"
        "while not service.status.ready: time.sleep(0.01)\n"
        "print(*service.pids, flush=True)\n"
        "time.sleep(3600)\n"
    )
    agent = subprocess.Popen([sys.executable, "-c", program, str(PATIENCE_S)], stdout=subprocess.PIPE, text=True)
    try:
        pid = int(agent.stdout.readline())
        assert alive(pid)
    finally:
        agent.kill()
        agent.wait()
        agent.stdout.close()
    eventually(lambda: not alive(pid))


def test_a_question_waits_for_a_reader_that_is_starting(honest):
    with running() as service:
        assert answer(service, [honest.overview])[1] == ""
