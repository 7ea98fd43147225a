"""The numbers of a gate, counted from its events by local hours: vehicles, waiting, reading, refusals and uptime.

Only calculates. Other packages store the tallies and show the figures.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.numbers.device_uptime import DOWN_STATES, DeviceUptime, Stretch
    from agent.core.numbers.event_counter import EARLIEST_MS, KINDS, OPEN_LIMIT, EventCounter, Place
    from agent.core.numbers.figures import (
        Reads,
        Times,
        Uptime,
        Vehicles,
        officer_share,
        reads_of,
        times_of,
        uptimes_of,
        vehicles_of,
    )
    from agent.core.numbers.local_hours import EPOCH_DAY, HOUR_S, LocalHour, hours_of_day, local_hour
    from agent.core.numbers.periods import LONGEST_DAYS, MONTH, WEEK, Period, period_of
    from agent.core.numbers.tally import NAMES_LIMIT, Subject, Tally, add, details, merged, named, read_tally
    from agent.core.numbers.time_buckets import FINEST_S, LAST_BUCKET, LONGEST_S, bucket_of, quantile_s
    from agent.core.numbers.vehicle_tally import ASKED, FIRST_TRY, IN_THE_END, OpenVehicle
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ASKED",
    "DOWN_STATES",
    "EARLIEST_MS",
    "EPOCH_DAY",
    "FINEST_S",
    "FIRST_TRY",
    "HOUR_S",
    "IN_THE_END",
    "KINDS",
    "LAST_BUCKET",
    "LONGEST_DAYS",
    "LONGEST_S",
    "MONTH",
    "NAMES_LIMIT",
    "OPEN_LIMIT",
    "WEEK",
    "DeviceUptime",
    "EventCounter",
    "LocalHour",
    "OpenVehicle",
    "Period",
    "Place",
    "Reads",
    "Stretch",
    "Subject",
    "Tally",
    "Times",
    "Uptime",
    "Vehicles",
    "add",
    "bucket_of",
    "details",
    "hours_of_day",
    "local_hour",
    "merged",
    "named",
    "officer_share",
    "period_of",
    "quantile_s",
    "read_tally",
    "reads_of",
    "times_of",
    "uptimes_of",
    "vehicles_of",
]
