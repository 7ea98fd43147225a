"""A fleet with a month of events in a central database, made by PostgreSQL itself from the events of the contract.

The shapes and lengths are those of the contract's examples; only the places in the chain are counted up. The
        hashes are
not those of the payloads: nothing here is proven, all is only stored and asked for.
"""

import json

from agent.core.contract.examples import event_example

# What one vehicle that passes makes, in its order.
VEHICLE = (
    "vehicle.present",
    "permit.presented",
    "access.decided",
    "access.granted",
    "driver.shown",
    "barrier.pulsed",
    "barrier.moved",
    "vehicle.entering",
    "transaction.closed",
)
ALARM_EACH = 50
OUTCOMES = ("passed",) * 17 + ("denied", "abandoned", "passed_with_violation")
VERSIONS = ("0.2.0",) * 8 + ("0.3.0",) * 2
_STREAMS = """
INSERT INTO streams (gate, stream, digest, watermark, last_seq, signed_seq, stored_at)
SELECT 'gate-' || to_char(n, 'FM0000'), 'stream-' || n, decode(repeat('00', 32), 'hex'), 0, 0, 0, now()
FROM generate_series(1, %(gates)s) n
"""
# Every tenth second of the day's vehicles differs from gate to gate, so that they do not arrive at once.
_MOMENT = """
now() - interval '1 day' * {days} + interval '1 second' * (86400.0 / {vehicles} * v.n + mod(s.id, 600))
"""
_EVENTS = """
INSERT INTO events (stream_id, seq, stored_at, happened_at, type, lane, transaction_id, dry_run, prev, digest,
        payload)
SELECT s.id, v.n * {shapes} + t.place, m.moment, m.moment - interval '200 ms', t.type, 'exit-1', m.transaction_id,
        false,
    sha256(int8send(s.id * 100000000::bigint + v.n * {shapes} + t.place - 1)),
    sha256(int8send(s.id * 100000000::bigint + v.n * {shapes} + t.place)), t.payload
FROM streams s CROSS JOIN generate_series({first}, {last}) AS v (n)
CROSS JOIN LATERAL (SELECT {moment} AS moment, to_char({moment}, 'YYYYMMDDHH24MISS') || '01'
    || to_char(mod(v.n, 10000), 'FM0000') AS transaction_id) m
CROSS JOIN (SELECT * FROM unnest(%(places)s::int[], %(types)s::text[], %(payloads)s::bytea[])) AS t (place, type,
        payload)
WHERE m.moment < now() AND (t.type <> 'alarm.raised' OR mod(s.id + v.n, {alarms}) = 0)
"""
_VEHICLES = """
INSERT INTO vehicles (stream_id, seq, stored_at, closed_at, gate, lane, transaction_id, dry_run, outcome, reason,
        assumed,
    taken, plate, permit, duration_s)
SELECT e.stream_id, e.seq, e.stored_at, e.happened_at, s.gate, e.lane, e.transaction_id, false,
    (%(outcomes)s::text[])[1 + mod(e.seq::int, array_length(%(outcomes)s::text[], 1))], 'OK', false, true,
    '新B' || upper(substr(md5(e.seq::text || s.id), 1, 5)), substr(md5(e.transaction_id || s.id), 1, 16), 41.5
FROM events e JOIN streams s ON s.id = e.stream_id WHERE e.type = 'transaction.closed'
"""
_AFTER = (
    """INSERT INTO vehicle_hours (gate, hour, outcome, vehicles)
    SELECT gate, date_trunc('hour', stored_at), outcome, count(*) FROM vehicles GROUP BY 1, 2, 3""",
    """INSERT INTO vehicle_days (gate, day, outcome, vehicles)
    SELECT gate, date_trunc('day', hour), outcome, sum(vehicles) FROM vehicle_hours GROUP BY 1, 2, 3""",
    """INSERT INTO fleet_hours (hour, outcome, reason, shard, vehicles)
    SELECT date_trunc('hour', stored_at), outcome, reason, mod(stream_id, 3), count(*) FROM vehicles
    GROUP BY 1, 2, 3, 4""",
    "INSERT INTO vehicle_totals SELECT gate, outcome, sum(vehicles) FROM vehicle_hours GROUP BY 1, 2",
    """UPDATE streams s SET watermark = e.last, last_seq = e.last, signed_seq = e.last - 20
    FROM (SELECT stream_id, max(seq) AS last FROM events GROUP BY 1) e WHERE e.stream_id = s.id""",
    """INSERT INTO gates (gate, expected, site, first_heard_at, heard_at, status_at, state, state_since, version,
        version_since, configuration, configuration_since, boot, stream, head, acked, depth, ack_mode, refused_events,
        refused_acks, acks_signed, clock_state, clock_synced, lists_state, trust_list, trust_state, first_kept,
        certificate_expires_at, trust_list_expires_at, disk_free_bytes)
    SELECT s.gate, true, (mod(s.id, 60))::text, now() - interval '300 d', now(),
        now() - CASE WHEN mod(s.id, 50) = 0 THEN interval '7 min' ELSE interval '12 s' END,
        CASE WHEN mod(s.id, 70) = 0 THEN 'lost' ELSE 'online' END, now() - interval '3 h',
        (%(versions)s::text[])[1 + mod(s.id, array_length(%(versions)s::text[], 1))],
        now() - interval '1 h' * (mod(s.id, 200)),
        md5((mod(s.id, 5))::text) || md5('x'), now() - interval '5 d', 'boot', s.stream,
        s.last_seq + CASE WHEN mod(s.id, 40) = 0 THEN 2000 ELSE 0 END, s.watermark, 0, 'watermark', 0, 0, true,
        'SYNCED', true,
        'FRESH', 7, 'whole', 1, now() + interval '1 d' * (mod(s.id, 700)), now() + interval '6 d', 20000000000
    FROM streams s""",
    "UPDATE streams SET caught_up_at = now() - interval '20 min' WHERE mod(id, 40) = 0",
    """INSERT INTO gate_versions SELECT gate, version_since, version FROM gates
    UNION ALL SELECT gate, version_since - interval '60 d', '0.1.0' FROM gates""",
    """INSERT INTO problems SELECT gate, 'health', 'CAMERA_DARK', 'exit-1/front', 'warning', '',
        now() - interval '2 h'
    FROM gates WHERE right(gate, 1) = '3'
    UNION ALL SELECT gate, 'status', 'DEVICE_LOST', 'exit-1/relay', 'error', '', now() - interval '4 h'
    FROM gates WHERE right(gate, 2) = '17'""",
    """INSERT INTO past_problems SELECT gate, 'health', 'CAMERA_DARK', 'exit-1/front', 'warning',
        now() - interval '1 h' * n, now() - interval '1 h' * n + interval '9 min'
    FROM gates CROSS JOIN generate_series(1, 700, 7) n""",
    "ANALYZE",
)


def shapes():
    """The events of a vehicle and an alarm: (place, type, payload), the end of the transaction last but one."""
    types = [*VEHICLE, "alarm.raised"]
    return [(place, kind, event_example(kind)) for place, kind in enumerate(types, 1)]


def fill(database, *, gates, days, vehicles, say):
    """Fill an empty central database. `vehicles`: a gate and a day. `say`: is told how far it is."""
    made = shapes()
    assert all(json.loads(payload)["type"] == kind for _, kind, payload in made)
    database.execute(_STREAMS, {"gates": gates})
    values = {
        "places": [place for place, _, _ in made],
        "types": [kind for _, kind, _ in made],
        "payloads": [payload for _, _, payload in made],
    }
    moment = _MOMENT.format(days=days, vehicles=vehicles)
    for day in range(days):
        first, last = day * vehicles, (day + 1) * vehicles - 1
        filled = {"shapes": len(made), "alarms": ALARM_EACH, "moment": moment, "first": first, "last": last}
        database.execute(_EVENTS.format(**filled).encode(), values)
        say(f"day {day + 1} of {days}")
    database.execute(_VEHICLES.encode(), {"outcomes": list(OUTCOMES)})
    say("vehicles")
    for question in _AFTER:
        chosen = {"versions": list(VERSIONS)} if "%(versions)s" in question else None
        database.execute(question.encode(), chosen)
    say("the rest")
