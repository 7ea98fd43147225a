"""Write docs/metrics.md from the metrics as they are served.

Run `python tools/metrics_page.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.core.events import AccessDecided, Draft, TransactionClosed
from agent.core.lane import LaneState
from agent.core.lists import DataState
from agent.core.model import ExpiryKind, Outcome, Reason, Verdict, View
from agent.enrolment import Expiry
from agent.lane.dry_run import DryRunCounts
from agent.observability import (
    CameraFigures,
    ChannelFigures,
    Counters,
    DiskFigures,
    GateFigures,
    JournalFigures,
    LaneFigures,
    LinkFigures,
    RelayFigures,
    UplinkFigures,
    WorkerFigures,
    registry,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.metrics_core import Metric

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
INTRODUCTION: Final = """# Metrics

This page is written by `python tools/metrics_page.py`; names and texts are in
`agent/observability/prometheus_metrics.py`.

A gate serves its metrics for [Prometheus](https://prometheus.io) on a separate port, which is **off by default**:

```toml
[metrics]
enabled = true
listen = "10.0.7.3"    # the address of this computer that Prometheus reaches; 127.0.0.1 without it
port = 9108
```

The port only answers `GET /metrics`, without a login: no metric names a vehicle, a plate or a person. Let
only Prometheus reach the port. Eight clients are served at one time, each for at most 5 seconds. If the port is
in use, the log reports it, and the gate works without it. One answer took 1 ms of a core (one lane, one camera).

* [config/prometheus/scrape.yml](../config/prometheus/scrape.yml): how Prometheus fetches a gate
* [config/prometheus/alerts.yml](../config/prometheus/alerts.yml): alert rules, each with what to do
* [config/grafana/gate-agent.json](../config/grafana/gate-agent.json): a dashboard; import it and choose your data
  source

Without Prometheus, central gets most of these figures every minute in
[`health`](events.md#status-birth-and-the-last-will) over MQTT, with the problems that the gate found
([doctor.md](doctor.md)).

The gate reads states when Prometheus asks. It counts what happens, from the start of the agent or from the last change
of the configuration. An unknown figure has no sample: it is not zero. Labels have few values: names from the
configuration and words of the product.

## All of them
"""
CAMERA: Final = CameraFigures(
    "lane",
    "camera",
    up=True,
    view=View.CLEAR,
    overloaded=False,
    restarts=0,
    frame_rate_hz=25.0,
    captured=1,
    read=1,
    skipped=1,
    dropped=1,
    load=0.1,
    behind_s=0.0,
    age_s=0.0,
    age_p95_s=0.0,
    health=1.0,
    memory_bytes=1,
)
WHOLE: Final = GateFigures(
    gate="gate",
    version="0",
    lanes=(
        LaneFigures("lane", LaneState.IDLE, vehicle=False, locked=False, out_of_service=False, dry_run=DryRunCounts()),
    ),
    cameras=(CAMERA,),
    relays=(RelayFigures("board", up=True, answer_s=0.01),),
    devices={"device": "up"},
    journal=JournalFigures(1, 1, 1, 1, 1),
    journal_failing=False,
    links=(LinkFigures("central", up=True, connections=1),),
    uplink=UplinkFigures(
        0, 0, 0, 0, acks={"taken": 0}, acks_signed=True, answer_s=0.1, resend_after_s=30.0, uploads={"done": 1}
    ),
    lists=DataState.FRESH,
    clock_trusted=True,
    clock_error_s=0.001,
    disk=DiskFigures(1, 1, 1),
    watchdog_margin_s=5.0,
    parts=(WorkerFigures("part", 0, well=True),),
    configuration_refused=False,
    expiries=(Expiry(ExpiryKind.CERTIFICATE, "mqtt", ends_utc=2.0, renews_utc=1.0),),
    notifications=(ChannelFigures("mail", well=True, waiting=0, dropped=0, results={"done": 1}),),
)
"""A gate of which everything is known."""
TYPES: Final = {"info": "gauge"}
"""What the text format calls a type that it has no word for: an info is a gauge that is always 1."""


def families() -> Iterable[Metric]:
    """Every metric of a gate of which everything is known, as they are served."""
    counters = Counters()
    counters.note_detection("lane", 0.0)
    closed = TransactionClosed(outcome=Outcome.PASSED, reason=Reason.OK, assumed=False, duration_s=1.0)
    decided = AccessDecided(verdict=Verdict.PASS, reason=Reason.OK, checks=())
    counters.count_events([Draft(event, "lane", "t", 0.0) for event in (decided, closed)])
    return registry(lambda: WHOLE, counters).collect()


def page() -> str:
    """The whole page."""
    rows = [
        f"| `{name}` | {TYPES.get(family.type, family.type)} | {labels} | {family.documentation} |"
        for family in families()
        for name, labels in named(family)
    ]
    return "\n".join(
        [INTRODUCTION.strip(), "", "| name | type | labels | what |", "| --- | --- | --- | --- |", *rows, ""]
    )


def named(family: Metric) -> Iterable[tuple[str, str]]:
    """The name under which a metric is asked for, and its labels."""
    labels = {label: None for sample in family.samples for label in sample.labels if label != "le"}
    ending = {"counter": "_total", "info": "_info"}.get(family.type, "")
    yield f"{family.name}{ending}", ", ".join(f"`{label}`" for label in labels)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
