"""Pictures for those who watch: one a camera, newest only, none for nobody, and no reader waits for them."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import cv2
import numpy as np
import pytest

from agent.devices import PortState
from agent.vision.preview import FPS, LARGE_PX, OLD_AFTER_S, SMALL_PX, WANTED_FOR_S, PreviewBuffer, PreviewRequest
from agent.vision.process import COMMAND
from agent.vision.worker.latest_frame import LatestFrame, NumberedFrame
from agent.vision.worker.parent_link import ParentConnection
from agent.vision.worker.preview import PreviewSender
from agent.vision.worker.protocol import Detection, Preview, PreviewFrame, SeenCode
from agent.vision.worker.wire import Decoder
from drivers.api import Frame
from tests.support.vision.watched_supervisor import watching
from tests.support.waiting import PATIENCE_S, eventually, scaled

JPEG = b"\xff\xd8\xff\xe0rest"
AT = 100.0


def preview_frame(frame=1, at=AT, picture=0, **fields):
    return PreviewFrame(frame=frame, at=at, picture=picture, width_px=200, height_px=100, **fields)


def size_px(jpeg):
    height, width = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    return width, height


# ---------------------------------------------------------------------------------------------- what is wanted and held


def test_nothing_is_asked_of_the_vision_worker_while_nobody_watches():
    preview_buffer = PreviewBuffer()
    assert preview_buffer.due_requests(AT) == []
    assert preview_buffer.newest is None


def test_one_order_with_the_largest_wish_serves_all_who_watch():
    preview_buffer = PreviewBuffer()
    assert preview_buffer.request(PreviewRequest(SMALL_PX), AT)
    assert preview_buffer.request(PreviewRequest(LARGE_PX, measured=True), AT)
    assert preview_buffer.due_requests(AT) == [Preview(width_px=LARGE_PX, fps=FPS, for_s=WANTED_FOR_S, measured=True)]
    assert not preview_buffer.request(PreviewRequest(SMALL_PX), AT + 0.1)
    assert preview_buffer.due_requests(AT + 0.1) == []


def test_a_wish_that_the_running_order_does_not_cover_is_told_at_once():
    preview_buffer = PreviewBuffer()
    preview_buffer.request(PreviewRequest(SMALL_PX), AT)
    preview_buffer.due_requests(AT)
    assert preview_buffer.request(PreviewRequest(LARGE_PX), AT + 0.1)
    assert [order.width_px for order in preview_buffer.due_requests(AT + 0.1)] == [LARGE_PX]


def test_an_order_is_renewed_before_it_ends_and_ends_with_the_last_wish():
    preview_buffer = PreviewBuffer()
    preview_buffer.request(PreviewRequest(LARGE_PX), AT)
    preview_buffer.due_requests(AT)
    preview_buffer.request(PreviewRequest(SMALL_PX), AT + 2.0)
    assert [order.width_px for order in preview_buffer.due_requests(AT + 2.0)] == [LARGE_PX]
    preview_buffer.request(PreviewRequest(SMALL_PX), AT + 4.0)
    assert [order.width_px for order in preview_buffer.due_requests(AT + 4.0)] == [SMALL_PX]
    assert preview_buffer.due_requests(AT + 4.0 + WANTED_FOR_S) == []


def test_no_order_outlasts_the_last_wish():
    preview_buffer = PreviewBuffer()
    preview_buffer.request(PreviewRequest(), AT)
    preview_buffer.due_requests(AT)
    preview_buffer.request(PreviewRequest(), AT + 0.5)
    assert [order.for_s for order in preview_buffer.due_requests(AT + 2.0)] == [WANTED_FOR_S - 1.5]
    assert preview_buffer.due_requests(AT + 2.9) == []
    assert preview_buffer.due_requests(AT + 0.5 + WANTED_FOR_S) == []


def test_a_vision_worker_that_was_started_anew_is_told_again():
    preview_buffer = PreviewBuffer()
    preview_buffer.request(PreviewRequest(), AT)
    first = preview_buffer.due_requests(AT)
    preview_buffer.reset()
    assert preview_buffer.due_requests(AT) == first


def test_a_picture_carries_what_was_found_until_the_vision_worker_is_started_anew():
    preview_buffer = PreviewBuffer()
    code = SeenCode(payload=b"x", engine="e", corners=((20, 10), (40, 10), (40, 30), (20, 30)), module_px=2.5)
    preview_buffer.add_detection(Detection(frame=1, at=AT, codes=(code,)))
    preview_buffer.add_frame(preview_frame(), (JPEG,))
    assert (len(preview_buffer.newest.codes), preview_buffer.newest.plates) == (1, ())
    preview_buffer.reset()
    preview_buffer.add_frame(preview_frame(), (JPEG,))
    assert preview_buffer.newest.codes == ()
    assert preview_buffer.newest.number == 2


def test_measures_are_told_only_where_the_vision_worker_made_them():
    preview_buffer = PreviewBuffer()
    preview_buffer.add_frame(preview_frame(), (JPEG,))
    assert preview_buffer.newest.sharpness is None
    preview_buffer.add_frame(preview_frame(sharpness=0.7, glare=0.1, brightness=90.0, noise=3.0), (JPEG,))
    shown = preview_buffer.newest
    assert (shown.sharpness, shown.glare, shown.brightness, shown.noise) == (0.7, 0.1, 90.0, 3.0)


def test_a_vision_worker_without_a_frame_has_no_picture_to_show():
    preview_buffer = PreviewBuffer()
    preview_buffer.add_frame(preview_frame(), (JPEG,))
    before = preview_buffer.request_once()
    assert preview_buffer.due_requests(AT) == [Preview(width_px=SMALL_PX, fps=FPS, for_s=0)]
    preview_buffer.add_frame(PreviewFrame(frame=0, at=AT), ())
    assert preview_buffer.answer_after(before, AT, 0) is None


@pytest.mark.parametrize(("taken_at", "answered"), [(0.0, False), (AT - 0.1, False), (AT, True), (AT + 1, True)])
def test_an_answer_is_a_picture_that_is_new_enough_for_the_question_or_none(taken_at, answered):
    preview_buffer = PreviewBuffer()
    before = preview_buffer.request_once()
    preview_buffer.add_frame(preview_frame(at=taken_at), (JPEG,))
    assert preview_buffer.answer_after(before, AT, 0) == (JPEG if answered else None)


def test_a_picture_tells_when_it_was_taken_and_when_it_came_and_neither_is_in_the_future():
    preview_buffer = PreviewBuffer()
    preview_buffer.add_frame(preview_frame(at=AT, behind_s=3.0), (JPEG,))
    assert (preview_buffer.newest.at, preview_buffer.newest.came_at) == (AT, AT + 3.0)
    preview_buffer.add_frame(preview_frame(at=time.monotonic() - 1.0, behind_s=60.0), (JPEG,))
    assert preview_buffer.newest.came_at <= time.monotonic()


# ------------------------------------------------------------------------------------------------- in the vision worker


def for_long(**how):
    """An order that outlasts the test, and what the protocol allows."""
    return Preview(fps=10.0, for_s=10.0, **how).model_copy(update={"for_s": PATIENCE_S})


class WatchedSlot(LatestFrame):
    """A slot that knows the number of the frame that was looked at last."""

    looked_at = 0

    def newest(self):
        numbered = super().newest()
        if numbered is not None:
            self.looked_at = numbered.number
        return numbered


class Shown:
    """A showing with a slot to put frames in and the parent's end of its socket. `lively`: whether something moves."""

    def __init__(self):
        self.lively = True
        self.slot = WatchedSlot()
        self.ours, theirs = socket.socketpair()
        self._theirs = theirs
        self._decoder = Decoder(from_worker=True)
        self._said = []
        self.link = ParentConnection(theirs)
        self.showing = PreviewSender(self.slot, self.link, lambda: 0, lambda: self.lively)
        self.showing.start()
        self.number = 0

    def put(self, value=0, at=None, behind_s=0.0):
        self.number += 1
        frame = Frame(np.full((180, 320, 3), value, np.uint8), time.monotonic() if at is None else at, behind_s)
        self.slot.set_frame(NumberedFrame(self.number, frame))

    def preview_frame(self):
        self.ours.settimeout(PATIENCE_S)
        while not self._said:
            self._said += self._decoder.feed(self.ours.recv(1 << 16))
        return self._said.pop(0)

    def nothing_said(self):
        self.ours.setblocking(False)
        try:
            return not self._said and not self.ours.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True

    def close(self):
        assert self.showing.stop(PATIENCE_S)
        self.ours.close()
        self._theirs.close()


@pytest.fixture
def shown():
    one = Shown()
    yield one
    one.close()


def test_a_picture_is_shown_at_once_and_then_one_of_every_new_frame(shown):
    shown.put(10)
    shown.showing.set_request(for_long(width_px=160))
    first = shown.preview_frame()
    assert (first.message.frame, first.message.width_px, first.message.height_px) == (1, 320, 180)
    assert size_px(first.pictures[0]) == (160, 90)
    assert first.message.sharpness is None
    shown.put(200)
    assert shown.preview_frame().message.frame == 2


def numbers_shown(shown, *times):
    """The numbers of the pictures that come of frames of these times, until one that is shown in any case."""
    numbers = []
    for at in times:
        shown.put(at=at)
        eventually(lambda: shown.slot.looked_at == shown.number, what="the look at this frame")
    shown.lively = True
    shown.put(at=times[-1])
    while not numbers or numbers[-1] < shown.number:
        numbers.append(shown.preview_frame().message.frame)
    return numbers


def test_while_nothing_happens_there_is_one_picture_a_second_and_each_again_when_something_does(shown):
    shown.lively = False
    shown.showing.set_request(for_long(width_px=64))
    assert numbers_shown(shown, AT, AT + 0.2, AT + 0.7, AT + 1.0, AT + 1.4, AT + 1.9) == [1, 4, 6, 7]


def test_each_picture_is_shown_to_who_has_it_measured(shown):
    shown.lively = False
    shown.showing.set_request(for_long(width_px=64, measured=True))
    assert numbers_shown(shown, AT, AT + 0.1, AT + 0.2) == [1, 2, 3, 4]


def test_a_picture_of_a_frame_that_came_late_tells_when_it_was_taken(shown):
    shown.put(at=AT, behind_s=1.5)
    shown.showing.set_request(Preview(width_px=64, fps=10.0, for_s=0))
    message = shown.preview_frame().message
    assert (message.at, message.behind_s) == (AT - 1.5, 1.5)


def test_measures_come_where_they_are_asked_for(shown):
    shown.put(100)
    shown.showing.set_request(for_long(width_px=160, measured=True))
    message = shown.preview_frame().message
    assert message.brightness == pytest.approx(100)
    assert (message.sharpness, message.glare, message.noise) == (0, 0, 0)


def test_a_look_is_answered_without_a_frame_and_leaves_a_running_order_as_it_is(shown):
    shown.showing.set_request(Preview(width_px=64, fps=10.0, for_s=0))
    assert shown.preview_frame().message.picture is None
    shown.put()
    shown.showing.set_request(for_long(width_px=320))
    assert size_px(shown.preview_frame().pictures[0]) == (320, 180)
    shown.showing.set_request(Preview(width_px=64, fps=10.0, for_s=0))
    assert size_px(shown.preview_frame().pictures[0]) == (64, 36)
    shown.put()
    assert size_px(shown.preview_frame().pictures[0]) == (320, 180)


def test_the_pictures_end_when_the_parent_asks_no_more(shown):
    shown.put()
    shown.showing.set_request(Preview(width_px=64, fps=10.0, for_s=scaled(0.5)))
    shown.preview_frame()
    eventually(lambda: shown.showing._asked is None)
    shown.put()
    assert shown.nothing_said()


def test_a_picture_is_left_out_where_the_parent_does_not_follow_or_another_thread_is_sending(shown):
    sent = 0
    while shown.link.send_if_room(preview_frame(), (JPEG + bytes(10_000),)):
        sent += 1
    assert sent < 10
    assert all(len(shown.preview_frame().pictures[0]) == len(JPEG) + 10_000 for _ in range(sent))
    with shown.link._sending:
        assert not shown.link.send_if_room(preview_frame(), (JPEG,))
    assert shown.link.send_if_room(preview_frame(), (JPEG,))
    assert shown.preview_frame().pictures == (JPEG,)


# --------------------------------------------------------------------------------------------------------- together


def test_who_watches_sees_new_pictures_with_what_was_read_in_them_and_a_vision_worker_that_comes_back():
    with watching("count") as watched:
        watch = partial(watched.port.watch, PreviewRequest(SMALL_PX))

        def newer(number):
            return eventually(lambda: (one := watch()) and one.number > number and one)

        first = newer(0)
        assert size_px(first.picture) == (640, 480)
        marked = eventually(lambda: (one := watch()) and one.codes and one.plates and one)
        assert marked.codes[0].module_px == 2.5
        assert marked.plates[0].text.endswith("ABC02")
        assert 0 <= marked.plates[0].corners[0][0] <= 1
        assert newer(marked.number).at > marked.at
        os.kill(watched.port.pid, signal.SIGKILL)
        watched.status(lambda one: one.restarts)
        watched.status(lambda one: one.up)
        newer(watch().number)


def test_an_exposure_is_tried_for_a_while_where_the_camera_allows_it():
    with watching(
        "", command=COMMAND, camera_kind="simulated", camera={"frame_rate_hz": 15}, read_plates=False
    ) as watched:
        watched.status(lambda one: one.up)
        eventually(
            lambda: (heartbeat := watched.port.last_heartbeat) and heartbeat.exposable,
            what="a word on it before anybody tries",
        )
        bright = eventually(
            lambda: (one := watched.port.watch(PreviewRequest(measured=True))) and one.brightness and one
        )
        watched.port.expose(0.25, 60)
        eventually(lambda: watched.port.last_heartbeat.exposure == 0.25 and watched.port.last_heartbeat.exposable)
        eventually(lambda: watched.port.watch(PreviewRequest(measured=True)).brightness < 0.7 * bright.brightness)
        watched.port.expose(None, 0)
        eventually(lambda: watched.port.last_heartbeat.exposure == 1.0)
        eventually(lambda: watched.port.watch(PreviewRequest(measured=True)).brightness > 0.9 * bright.brightness)


def test_a_camera_that_does_not_let_its_exposure_be_set_says_so_and_goes_on():
    with watching("count", read_plates=False) as watched:
        watched.status(lambda one: one.up)
        # The first beats may be of the time before it was open.
        heartbeat = eventually(
            lambda: (heartbeat := watched.port.last_heartbeat) and heartbeat.exposable is not None and heartbeat
        )
        assert heartbeat.exposable is False, "nobody has to try to learn that"
        watched.port.expose(0.5, 60)
        before = watched.port.last_heartbeat.captured
        eventually(lambda: watched.port.last_heartbeat.captured > before)
        assert watched.port.status.up


def test_watching_a_vision_worker_that_has_stopped_is_no_fault():
    with watching("count") as watched:
        watched.status(lambda one: one.up)
    watched.port.watch(PreviewRequest())
    watched.port.expose(None, 1)
    assert watched.port.snapshot(PATIENCE_S) is None


def test_a_snapshot_waits_for_the_first_picture_of_a_camera_that_has_none_yet():
    with watching("late", camera={"late_s": scaled(0.5)}) as watched:
        eventually(lambda: watched.port.last_heartbeat, what="a vision worker that listens")
        assert watched.port.last_heartbeat.captured == 0
        picture = watched.port.snapshot(PATIENCE_S)
        assert picture is not None, "the camera was not waited for"
        assert picture.startswith(b"\xff\xd8\xff")


def test_a_snapshot_of_a_camera_that_has_stopped_to_deliver_is_not_its_last_picture():
    with watching("stops", stale_s=OLD_AFTER_S + 0.1) as watched:
        # It may be stale between its pictures too, on a busy machine.
        eventually(
            lambda: (
                (beat := watched.port.last_heartbeat)
                and beat.captured == 3
                and beat.at - beat.captured_at > OLD_AFTER_S + 0.1
            )
        )
        eventually(lambda: watched.port.status.state is PortState.STALE)
        assert watched.port.snapshot(1.0) is None
        last = eventually(lambda: watched.port.picture, what="the answer of a vision worker that was asked")
        assert time.monotonic() - last.at > OLD_AFTER_S


def test_a_snapshot_that_is_waited_for_ends_with_the_vision_worker():
    with ThreadPoolExecutor(1) as pool:
        with watching("never") as watched:
            eventually(lambda: watched.port.last_heartbeat, what="a vision worker that listens")
            waiting = pool.submit(watched.port.snapshot, 600.0)
        assert waiting.result(PATIENCE_S) is None


def test_a_snapshot_is_taken_while_somebody_watches():
    with watching("count") as watched:
        watched.status(lambda one: one.up)
        eventually(lambda: watched.port.watch(PreviewRequest(LARGE_PX)))
        assert watched.port.snapshot(PATIENCE_S).startswith(b"\xff\xd8\xff")
