"""The metrics of the gate in the Prometheus form: names, help texts and labels stand here and nowhere else.

What has a state is read when it is asked for (`GateCollector`); what happens is counted when it happens (`Counters`).
Every label has a bounded set of values: names of the configuration, and words of the core. Names follow
https://prometheus.io/docs/practices/naming.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from agent.core.events import AccessDecided, TransactionClosed
from agent.core.lane import LaneState
from agent.core.lists import DataState
from agent.core.model import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from agent.core.events import Draft
    from agent.enrolment import Expiry
    from agent.observability.figures import (
        CameraFigures,
        ChannelFigures,
        GateFigures,
        JournalFigures,
        LaneFigures,
        LinkFigures,
        RelayFigures,
        UplinkFigures,
    )

PREFIX: Final = "gate_agent"
GOOD: Final = frozenset({"up", "streaming"})
BUCKETS_S: Final = (0.05, 0.08, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Around the goals for a decision: 80 ms as usual, 150 ms at most."""

Row = tuple[tuple[str, ...], float]


class Counters:
    """Counts what happens at the lanes. Everything may be called from any thread, and is quick."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now`: monotonic seconds."""
        self.registry = CollectorRegistry()
        self._now = now
        self._lock = threading.Lock()
        self._detected_at: dict[str, float] = {}
        self._transactions = Counter(
            f"{PREFIX}_transactions",
            "Vehicles by outcome; those of a dry run are not among them.",
            ["lane", "outcome", "reason"],
            registry=self.registry,
        )
        self._decision = Histogram(
            f"{PREFIX}_decision_seconds",
            "Time from the capture of the last frame or scan with a code or a plate to the recorded decision.",
            ["lane", "verdict"],
            registry=self.registry,
            buckets=BUCKETS_S,
        )

    def note_detection(self, lane: str, at: float) -> None:
        """A frame or a scan, taken at this monotonic time, told the lane of a code or a plate."""
        with self._lock:
            self._detected_at[lane] = at

    def count_events(self, drafts: Sequence[Draft]) -> None:
        """These events were recorded."""
        for draft in drafts:
            lane = draft.lane or ""
            match draft.event:
                case TransactionClosed(outcome=outcome, reason=reason) if not draft.dry_run:
                    self._transactions.labels(lane, outcome.value, reason.value).inc()
                case AccessDecided(verdict=verdict):
                    with self._lock:
                        at = self._detected_at.get(lane)
                    if at is not None:
                        self._decision.labels(lane, verdict.value).observe(max(0.0, self._now() - at))
                case _:
                    pass


class GateCollector(Collector):
    """Reads the figures of the gate, once for each time that it is asked, and gives them their names."""

    def __init__(self, figures: Callable[[], GateFigures]) -> None:
        self._figures = figures

    @override
    def collect(self) -> Iterable[Metric]:
        """All metrics of the gate's state."""
        now = self._figures()
        yield InfoMetricFamily(PREFIX, "The agent that answers.", {"gate": now.gate, "version": now.version})
        yield from _lanes(now.lanes)
        yield from _cameras(now.cameras)
        yield from _worker_processes(now.cameras)
        yield from _devices(now)
        yield from _relays(now.relays)
        yield from _journal(now.journal)
        yield from _links(now.links)
        yield from _uplink(now.uplink)
        yield from _machine(now)
        yield from _expiries(now.expiries)
        yield from _notifications(now.notifications)


def registry(figures: Callable[[], GateFigures], counters: Counters) -> CollectorRegistry:
    """All metrics: the gate's state, what was counted, and the process's own memory, time and files."""
    made = CollectorRegistry()
    made.register(GateCollector(figures))
    made.register(counters.registry)
    ProcessCollector(registry=made)
    return made


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _single(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    """A gauge without labels; without a value where it is not known."""
    return _gauge(name, text, (), [] if value is None else [((), value)])


def _lanes(lanes: tuple[LaneFigures, ...]) -> Iterator[Metric]:
    states = (((lane.lane, state.value), float(lane.state is state)) for lane in lanes for state in LaneState)
    yield _gauge("lane_state", "1 for the state that the lane is in.", ("lane", "state"), states)
    yield _gauge(
        "lane_vehicle",
        "1 while a vehicle is at the lane and has no outcome yet.",
        ("lane",),
        (((lane.lane,), float(lane.vehicle)) for lane in lanes),
    )
    yield _gauge(
        "lane_locked",
        "1 while an order keeps the lane locked.",
        ("lane",),
        (((lane.lane,), float(lane.locked)) for lane in lanes),
    )
    yield _gauge(
        "lane_out_of_service",
        "1 while an order keeps the lane out of service.",
        ("lane",),
        (((lane.lane,), float(lane.out_of_service)) for lane in lanes),
    )
    yield _gauge(
        "lane_dry_run",
        "1 for a lane in dry run, which moves nothing.",
        ("lane",),
        (((lane.lane,), float(lane.dry_run is not None)) for lane in lanes),
    )
    yield _counter(
        "dry_run_vehicles",
        "Vehicles of a lane in dry run since the start, by whether the decision agreed with what the vehicle did: "
        "agreed, disagreed, or unknown (they cannot be compared).",
        ("lane", "result"),
        (
            ((lane.lane, result), float(getattr(lane.dry_run, result)))
            for lane in lanes
            if lane.dry_run is not None
            for result in ("agreed", "disagreed", "unknown")
        ),
    )


def _cameras(cameras: tuple[CameraFigures, ...]) -> Iterator[Metric]:
    labels = ("lane", "camera")

    def rows(name: str) -> list[Row]:
        found = ((camera.lane, camera.camera, getattr(camera, name)) for camera in cameras)
        return [((lane, camera), float(value)) for lane, camera, value in found if value is not None]

    yield _gauge("camera_up", "1 while fresh frames arrive and are read.", labels, rows("up"))
    views = (((one.lane, one.camera, view.value), float(one.view is view)) for one in cameras for view in View)
    yield _gauge("camera_view", "1 for what the picture is like.", (*labels, "view"), views)
    yield _gauge(
        "camera_frame_rate_hertz", "Frame rate that the source reports, in fps.", labels, rows("frame_rate_hz")
    )
    yield _counter("camera_frames_captured", "Frames that arrived.", labels, rows("captured"))
    yield _counter("camera_frames_read", "Frames that the code reader looked at.", labels, rows("read"))
    yield _counter("camera_frames_skipped", "Frames in which nothing had changed.", labels, rows("skipped"))
    yield _counter(
        "camera_frames_dropped",
        "Frames with changes that were dropped because a newer frame arrived.",
        labels,
        rows("dropped"),
    )
    yield _gauge("camera_frame_age_seconds", "Age of the newest frame.", labels, rows("age_s"))
    yield _gauge(
        "camera_frame_age_p95_seconds",
        "95th percentile of the age of the newest frame, over the last minute.",
        labels,
        rows("age_p95_s"),
    )
    yield _gauge(
        "camera_behind_seconds",
        "How late the newest frame arrived by the times of its stream.",
        labels,
        rows("behind_s"),
    )
    yield _gauge("camera_load_ratio", "Share of the time in which the code reader was busy.", labels, rows("load"))
    yield _gauge(
        "camera_health_ratio",
        "Share of the frames with changes that were read, over the last minute.",
        labels,
        rows("health"),
    )
    yield _gauge("camera_overloaded", "1 while the machine cannot keep up with the camera.", labels, rows("overloaded"))


def _worker_processes(cameras: tuple[CameraFigures, ...]) -> Iterator[Metric]:
    labels = ("lane", "camera")
    yield _counter(
        "worker_restarts",
        "How often the process of the camera was restarted.",
        labels,
        (((camera.lane, camera.camera), camera.restarts) for camera in cameras),
    )
    yield _gauge(
        "worker_memory_bytes",
        "Resident memory of the process of the camera.",
        labels,
        (((camera.lane, camera.camera), memory) for camera in cameras if (memory := camera.memory_bytes) is not None),
    )


def _devices(now: GateFigures) -> Iterator[Metric]:
    yield _gauge(
        "device_up",
        "1 while the device works without a warning.",
        ("device",),
        (((name,), float(state in GOOD)) for name, state in now.devices.items()),
    )


def _relays(relays: tuple[RelayFigures, ...]) -> Iterator[Metric]:
    yield _gauge(
        "relay_up", "1 while the board answers.", ("board",), (((one.board,), float(one.up)) for one in relays)
    )
    yield _gauge(
        "relay_answer_seconds",
        "How long the last answer of the board took.",
        ("board",),
        (((one.board,), answer_s) for one in relays if (answer_s := one.answer_s) is not None),
    )


def _journal(journal: JournalFigures | None) -> Iterator[Metric]:
    if journal is None:
        return
    yield _single("journal_sequence", "Sequence number of the last event.", journal.sequence)
    yield _single("journal_unacknowledged_events", "Events that central has not acknowledged.", journal.unacknowledged)
    yield _single("journal_unacknowledged_bytes", "Bytes of those events.", journal.unacknowledged_bytes)
    yield _single("journal_size_bytes", "Bytes of the journal in use.", journal.used_bytes)
    yield _single("journal_limit_bytes", "Bytes that the journal may use.", journal.limit_bytes)


def _links(links: tuple[LinkFigures, ...]) -> Iterator[Metric]:
    rows: list[Row] = [((one.link,), float(one.up)) for one in links]
    yield _gauge("link_up", "1 while connected to a broker.", ("link",), rows)
    yield _counter(
        "link_connections",
        "Connections since the start. More than one: the gate had to reconnect.",
        ("link",),
        (((one.link,), one.connections) for one in links),
    )


def _uplink(uplink: UplinkFigures | None) -> Iterator[Metric]:
    if uplink is None:
        return
    yield _single("uplink_under_way_events", "Events sent, waiting for their answer.", uplink.under_way)
    yield _counter("uplink_refused_events", "Events that the broker refused.", (), [((), uplink.refused)])
    yield _counter("uplink_resent_events", "Events sent again because they were in doubt.", (), [((), uplink.resent)])
    yield _single("uplink_waiting_pictures", "Pictures that wait to be sent.", uplink.pictures_waiting)
    yield _counter(
        "uplink_uploads",
        "Attempts to upload a picture or bundle to object storage, by result: done, or why not.",
        ("result",),
        (((result,), float(count)) for result, count in uplink.uploads.items()),
    )
    yield _counter(
        "uplink_acknowledgements",
        "Acknowledgements by result. All results except taken are rejections.",
        ("result",),
        (((result,), float(count)) for result, count in uplink.acks.items()),
    )
    yield _single(
        "uplink_acknowledgements_signed",
        "1 while the gate accepts only acknowledgements that central signed.",
        None if uplink.acks_signed is None else float(uplink.acks_signed),
    )
    yield _single(
        "uplink_acknowledgement_seconds",
        "How long central takes from the sending of an event to its acknowledgement, smoothed.",
        uplink.answer_s,
    )
    yield _single(
        "uplink_resend_after_seconds",
        "How long central may take before the gate sends the oldest event again.",
        uplink.resend_after_s,
    )


def _machine(now: GateFigures) -> Iterator[Metric]:
    yield _single("journal_failing", "1 while the journal cannot be written.", float(now.journal_failing))
    yield _gauge(
        "lists_state",
        "1 for what the age of the lists allows.",
        ("state",),
        (((state.value,), float(now.lists is state)) for state in DataState),
    )
    yield _single("clock_trusted", "1 while permits are judged by the clock.", float(now.clock_trusted))
    yield _single(
        "clock_error_seconds",
        "Largest possible error of the clock, if a time server synchronises it.",
        now.clock_error_s,
    )
    disk = now.disk
    yield _single("disk_size_bytes", "Size of the file system of the state.", None if disk is None else disk.size_bytes)
    yield _single("disk_free_bytes", "Bytes free there.", None if disk is None else disk.free_bytes)
    yield _single(
        "disk_free_inodes",
        "Number of files that can still be created there.",
        None if disk is None else disk.free_inodes,
    )
    yield _single(
        "watchdog_margin_seconds",
        "How long the slowest part may still hang before the service manager restarts the agent.",
        now.watchdog_margin_s,
    )
    yield _counter(
        "part_failures",
        "How often a part of the agent has failed and restarted.",
        ("part",),
        (((one.part,), float(one.failures)) for one in now.parts),
    )
    yield _gauge(
        "part_well",
        "1 while the part of the agent makes progress and has recovered from its last failure.",
        ("part",),
        (((one.part,), float(one.well)) for one in now.parts),
    )
    yield _single(
        "configuration_refused",
        "1 while the configuration on the disk cannot be used and the last good one runs.",
        float(now.configuration_refused),
    )


def _notifications(channels: tuple[ChannelFigures, ...]) -> Iterator[Metric]:
    yield _gauge(
        "notifications_well",
        "1 while the last message of the channel, mail or webhook, was delivered.",
        ("channel",),
        (((one.channel,), float(one.well)) for one in channels),
    )
    yield _gauge(
        "notifications_waiting",
        "Notices that are not delivered yet.",
        ("channel",),
        (((one.channel,), float(one.waiting)) for one in channels),
    )
    yield _gauge(
        "notifications_dropped",
        "Notices that were dropped since the last message that was delivered.",
        ("channel",),
        (((one.channel,), float(one.dropped)) for one in channels),
    )
    yield _counter(
        "notifications_messages",
        "Attempts to deliver a message, by result: done or failed.",
        ("channel", "result"),
        (((one.channel, result), float(count)) for one in channels for result, count in one.results.items()),
    )


def _expiries(expiries: tuple[Expiry, ...]) -> Iterator[Metric]:
    yield _gauge(
        "expiry_timestamp_seconds",
        "When it ends, in Unix seconds: a certificate or an authority by the section of the configuration that names "
        "it, the trust list, or a key in it by its id.",
        ("kind", "subject"),
        (((one.kind.value, one.subject), ends) for one in expiries if (ends := one.ends_utc) is not None),
    )
    yield _gauge(
        "renewal_timestamp_seconds",
        "When the gate asks for the next certificate, in Unix seconds.",
        ("subject",),
        (((one.subject,), due) for one in expiries if (due := one.renews_utc) is not None),
    )
    yield _gauge(
        "renewal_failing",
        "1 while the last attempt to renew the certificate has failed.",
        ("subject",),
        (((one.subject,), float(bool(one.trouble))) for one in expiries if one.renews_utc is not None),
    )
