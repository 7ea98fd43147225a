-- Events as the gates sent them, how far each stream is proven, and what does not fit.

-- One life of a gate's journal. The row is the lock of the stream: who stores events of it holds this row.
CREATE TABLE streams (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gate text NOT NULL,
    stream text NOT NULL,
    watermark bigint NOT NULL DEFAULT 0,       -- stored without a gap up to here, each event naming the one before it
    digest bytea NOT NULL,                     -- SHA-256 of the event at the watermark; of the stream id for 0
    signed_seq bigint NOT NULL DEFAULT 0,      -- up to here the gate itself has signed
    begun_after bigint NOT NULL DEFAULT 0,     -- the proof begins after this event: the gate had given up those before
    last_seq bigint NOT NULL DEFAULT 0,        -- the highest that is stored
    begun_at timestamptz NOT NULL DEFAULT now(),
    stored_at timestamptz,                     -- when the last event came
    moved_at timestamptz NOT NULL DEFAULT now(),     -- when the watermark last moved
    caught_up_at timestamptz NOT NULL DEFAULT now(), -- when the watermark last was at the head that the gate told
    UNIQUE (gate, stream)
);

-- One event, byte for byte. Partitioned by its arrival, which is central's own clock: the time in an event is the gate's,
-- and may be years off. So (stream_id, seq) is unique within a partition by an index, and beyond it by the stream's lock.
CREATE TABLE events (
    stream_id integer NOT NULL,
    seq bigint NOT NULL,
    stored_at timestamptz NOT NULL,
    happened_at timestamptz NOT NULL,          -- by the gate's clock
    type text NOT NULL,
    lane text,
    transaction_id text,
    dry_run boolean NOT NULL,
    prev bytea NOT NULL,
    digest bytea NOT NULL,
    payload bytea NOT NULL
) PARTITION BY RANGE (stored_at);
CREATE INDEX events_alarms ON events (stored_at) WHERE type = 'alarm.raised';

-- One row for each transaction that ended: what people look for. Written with its event, and dropped with its month.
CREATE TABLE vehicles (
    stream_id integer NOT NULL,
    seq bigint NOT NULL,
    stored_at timestamptz NOT NULL,
    closed_at timestamptz NOT NULL,            -- by the gate's clock
    gate text NOT NULL,
    lane text,
    transaction_id text,
    dry_run boolean NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    assumed boolean NOT NULL,
    taken boolean,
    plate text,
    permit text,
    duration_s real NOT NULL
) PARTITION BY RANGE (stored_at);
CREATE INDEX vehicles_newest ON vehicles (stored_at DESC);
CREATE INDEX vehicles_gate ON vehicles (gate, stored_at DESC);
CREATE INDEX vehicles_plate ON vehicles (plate, stored_at DESC) WHERE plate IS NOT NULL;
CREATE INDEX vehicles_permit ON vehicles (permit, stored_at DESC) WHERE permit IS NOT NULL;

-- How many vehicles ended how, by gate and hour of arrival: figures over weeks without reading the vehicles.
CREATE TABLE vehicle_hours (
    gate text NOT NULL,
    hour timestamptz NOT NULL,
    outcome text NOT NULL,
    vehicles bigint NOT NULL,
    PRIMARY KEY (gate, hour, outcome)
);
CREATE INDEX vehicle_hours_hour ON vehicle_hours (hour);

-- The same by day, for ranges of weeks over all gates.
CREATE TABLE vehicle_days (
    gate text NOT NULL,
    day timestamptz NOT NULL,
    outcome text NOT NULL,
    vehicles bigint NOT NULL,
    PRIMARY KEY (day, gate, outcome)
);

-- The same of all gates together, with the reason. Each worker counts in a shard of its own, so that none waits for
-- another: add them up.
CREATE TABLE fleet_hours (
    hour timestamptz NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    shard smallint NOT NULL,
    vehicles bigint NOT NULL,
    PRIMARY KEY (hour, outcome, reason, shard)
);

-- The same since the beginning, for counters that never go back.
CREATE TABLE vehicle_totals (
    gate text NOT NULL,
    outcome text NOT NULL,
    vehicles bigint NOT NULL,
    PRIMARY KEY (gate, outcome)
);

-- What cannot be true beside what is stored. Never cleaned up by a program: somebody must look.
CREATE TABLE conflicts (
    gate text NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,                        -- other_event, broken_chain, bad_checkpoint
    digest bytea NOT NULL,
    detail text NOT NULL,
    payload bytea NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gate, stream, seq, kind, digest)
);

-- What is not a message of a gate: the dead letters, each with the beginning of its bytes.
CREATE TABLE rejected (
    topic text NOT NULL,
    digest bytea NOT NULL,
    gate text NOT NULL,
    reason text NOT NULL,
    size bigint NOT NULL,
    payload bytea NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, digest)
);

-- The public keys by which gates sign. Noted by people over a safe way: a key that comes with the data proves nothing.
CREATE TABLE gate_keys (
    gate text NOT NULL,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    noted_by text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gate, public_key)
);

-- What was dropped with a month: enough to prove what is left, and to say what there was.
CREATE TABLE dropped_events (
    month text NOT NULL,
    stream_id integer NOT NULL REFERENCES streams,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    events bigint NOT NULL,
    last_digest bytea NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (month, stream_id)
);

-- How far each program that reads proven events from here has come: a watermark of its own.
CREATE TABLE reader_positions (
    reader text NOT NULL,
    stream_id integer NOT NULL REFERENCES streams,
    seq bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (reader, stream_id)
);
CREATE TABLE readers (
    reader text PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now()
);

-- Replays that were ordered, so that none is asked for again at once.
CREATE TABLE replay_orders (
    stream_id integer NOT NULL REFERENCES streams,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    result text NOT NULL,
    PRIMARY KEY (stream_id, first_seq, last_seq)
);

-- Which central this is: a second one with another name or role does not store here by mistake.
CREATE TABLE central (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('acknowledge', 'listen')),
    set_at timestamptz NOT NULL DEFAULT now()
);
