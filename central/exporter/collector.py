"""The figures as metrics. A figure that is not known has no sample: it is not zero."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from central.database import DatabaseError
from central.exporter.figures import read_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.core import Metric

    from central.database import Database
    from central.exporter.figures import DocumentFigures, FleetFigures, GateFigures

log = logging.getLogger(__name__)
PREFIX: Final = "gate_central_"
DOCUMENT_STATES: Final = {"applied": 0, "waiting": 1, "trial": 2, "undone": 3, "refused": 4}
_TRUST: Final = {"whole": 0, "behind": 1, "lost": 2}

# name, what it says, and where the value is; None: no sample.
GAUGES: Final[tuple[tuple[str, str, Callable[[GateFigures], float | None]], ...]] = (
    ("gate_problem_rank", "Its worst problem: 3 error, 2 warning, 1 note, 0 none.", lambda g: g.rank),
    ("gate_problem_since_seconds", "Since when it has that problem, Unix seconds.", lambda g: g.problem_since_s),
    ("gate_errors", "Its open problems that are errors.", lambda g: g.errors),
    ("gate_warnings", "Its open problems that are warnings.", lambda g: g.warnings),
    ("gate_status_age_seconds", "Age of its last status.", lambda g: g.status_age_s),
    ("gate_head", "The last event that it has recorded.", lambda g: g.head),
    ("gate_watermark", "The last event that is stored and proven here.", lambda g: g.watermark),
    ("gate_signed_head", "The last event that it has signed, by a key that was noted.", lambda g: g.signed_seq),
    ("gate_lag_events", "Events between the two: recorded, and not proven here.", lambda g: g.lag),
    ("gate_unacknowledged_events", "Events that wait for their acknowledgement, as it says.", lambda g: g.depth),
    ("gate_trust_state", "What it keeps: 0 whole, 1 behind, 2 lost.", lambda g: _TRUST.get(g.trust_state)),
    ("gate_clock_untrusted", "1 while permits are not judged by its clock.", lambda g: _is(g.clock_state, "UNTRUSTED")),
    ("gate_lists_too_old", "1 while its lists are too old.", lambda g: _is(g.lists_state, "TOO_OLD")),
    ("gate_acknowledgements_signed", "1 while it takes only signed acknowledgements.", lambda g: g.acks_signed),
    ("gate_certificate_expires_seconds", "When its certificate ends, Unix seconds.", lambda g: g.certificate_expires_s),
    ("gate_trust_list_expires_seconds", "When its trust list ends, Unix seconds.", lambda g: g.trust_list_expires_s),
    ("gate_disk_free_bytes", "Room on its disk.", lambda g: g.disk_free_bytes),
    ("gate_refused_events", "Events that the broker refused since its start.", lambda g: g.refused_events),
    (
        "gate_refused_acknowledgements",
        "Acknowledgements it did not take since its start.",
        lambda g: g.refused_acks,
    ),
    ("gate_fleet_drift_keys", "Keys that it sets otherwise than its fleet documents.", lambda g: g.drifting),
    ("gate_conflicts", "What does not fit its chain; somebody must look.", lambda g: g.conflicts),
)
COUNTERS: Final[tuple[tuple[str, str, Callable[[GateFigures], float]], ...]] = (
    ("gate_rejected_messages", "Messages below its topic that cannot be read.", lambda g: g.rejected),
)


def _is(state: str | None, word: str) -> float | None:
    return None if state is None else float(state == word)


class GateCollector(Collector):
    """Looks at the database when Prometheus asks; one look serves everybody for `fresh_s`.

    `connect`: opens a connection that only reads. `most_gates`: more are counted, and get no series.
    """

    def __init__(self, connect: Callable[[], Database], *, most_gates: int, fresh_s: float) -> None:
        self._connect = connect
        self._most_gates = most_gates
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._seen: FleetFigures | None = None
        self._seen_at = 0.0
        self._took_s = 0.0

    @override
    def collect(self) -> Iterable[Metric]:
        """All metrics of now; of the database alone while it is away."""
        fleet = self._figures()
        up = GaugeMetricFamily(f"{PREFIX}database_up", "1 while the database answers.")
        up.add_metric([], float(fleet is not None))
        yield up
        if fleet is None:
            return
        yield from _of_all(fleet, self._took_s)
        yield from _of_gates(fleet.gates)
        yield from _of_documents(fleet.documents)

    def _figures(self) -> FleetFigures | None:
        with self._lock:
            began = time.monotonic()
            if self._seen is not None and began - self._seen_at < self._fresh_s:
                return self._seen
            try:
                with closing(self._connect()) as database:
                    self._seen = read_figures(database, self._most_gates)
            except DatabaseError as error:
                log.warning("the database: %s", " ".join(str(error).split()))
                self._seen = None
            self._seen_at = time.monotonic()
            self._took_s = self._seen_at - began
            return self._seen


def _of_all(fleet: FleetFigures, took_s: float) -> Iterable[Metric]:
    told = (
        ("gates", "Gates that are known.", fleet.known),
        ("gates_without_series", "Gates beyond exporter.most_gates.", fleet.known - len(fleet.gates)),
        ("partitions", "Months of events that are kept.", fleet.partitions),
        ("look_seconds", "How long the last look at the database took.", took_s),
    )
    for name, text, value in told:
        family = GaugeMetricFamily(PREFIX + name, text)
        family.add_metric([], value)
        yield family
    rejected = CounterMetricFamily(f"{PREFIX}rejected_messages", "Messages that cannot be read, of all topics.")
    rejected.add_metric([], fleet.rejected)
    yield rejected


def _of_gates(gates: Iterable[GateFigures]) -> Iterable[Metric]:
    rows = tuple(gates)
    info = GaugeMetricFamily(
        f"{PREFIX}gate_info", "1; the gate's site and version.", labels=("gate", "site", "version")
    )
    state = GaugeMetricFamily(f"{PREFIX}gate_state", "1 for the state that the gate is in.", labels=("gate", "state"))
    vehicles = CounterMetricFamily(
        f"{PREFIX}gate_vehicles",
        "Vehicles whose transactions ended: passed (an officer's word included), refused, other.",
        labels=("gate", "outcome"),
    )
    for one in rows:
        info.add_metric([one.gate, one.site, one.version], 1)
        state.add_metric([one.gate, one.state], 1)
        for outcome, count in (("passed", one.passed), ("refused", one.refused), ("other", one.other)):
            vehicles.add_metric([one.gate, outcome], count)
    yield from (info, state, vehicles)
    for name, text, value in GAUGES:
        family = GaugeMetricFamily(PREFIX + name, text, labels=("gate",))
        for one in rows:
            if (known := value(one)) is not None:
                family.add_metric([one.gate], float(known))
        yield family
    for name, text, count_of in COUNTERS:
        counted = CounterMetricFamily(PREFIX + name, text, labels=("gate",))
        for one in rows:
            counted.add_metric([one.gate], count_of(one))
        yield counted


def _of_documents(documents: Iterable[DocumentFigures]) -> Iterable[Metric]:
    labels = ("gate", "kind", "scope")
    version = GaugeMetricFamily(
        f"{PREFIX}gate_fleet_version",
        "The version of its fleet document that is in force there; 0: none.",
        labels=labels,
    )
    state = GaugeMetricFamily(
        f"{PREFIX}gate_fleet_state",
        "How it stands with the newest fleet document: 0 applied, 1 waiting, 2 trial, 3 undone, 4 refused.",
        labels=labels,
    )
    for one in documents:
        place = [one.gate, one.kind, one.scope]
        version.add_metric(place, one.in_force)
        if one.state in DOCUMENT_STATES:
            state.add_metric(place, DOCUMENT_STATES[one.state])
    yield from (version, state)
