-- The tables of the reference consumer; the same text serves PostgreSQL and SQLite.
BEGIN;

-- One event, exactly as the gate sent it. The key is what makes the whole delivery idempotent: the same event may come
-- twice from the broker, from a resend and from a replay, and is stored once.
CREATE TABLE events (
    source TEXT NOT NULL,          -- /gate/{gate}
    stream TEXT NOT NULL,          -- one life of a gate's journal; a new journal has a new stream and begins at 1
    seq BIGINT NOT NULL,           -- without gaps within a stream
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    time TEXT NOT NULL,            -- the gate's clock, RFC 3339
    lane TEXT,
    transaction_id TEXT,
    prev TEXT NOT NULL,            -- digest of the event before; of the first event: SHA-256 of the stream id
    payload BYTEA NOT NULL,        -- the bytes that were sent; never re-encode them, the chain is over these bytes
    digest TEXT NOT NULL,          -- SHA-256 of payload, in hex
    stored_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (source, stream, seq)
);

-- The personal values of events, base64url of [salt, place below data, value]: payload holds the SHA-256 of each. Delete
-- rows here to erase values: the chain is over the payloads alone.
CREATE TABLE disclosures (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    disclosure TEXT NOT NULL,
    PRIMARY KEY (source, stream, seq, disclosure)
);

-- How far each stream is proven: stored without a gap, each event naming the digest of the one before it.
CREATE TABLE watermarks (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    digest TEXT NOT NULL,                -- of event seq
    signed_seq BIGINT NOT NULL DEFAULT 0, -- up to here the gate itself has signed, checked against gates.public_key
    PRIMARY KEY (source, stream)
);

-- What cannot be true at the same time as what is stored. Never cleaned up by the consumer: somebody must look.
CREATE TABLE conflicts (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,            -- other_event, broken_chain, bad_checkpoint
    digest TEXT NOT NULL,          -- of payload
    detail TEXT NOT NULL,
    payload BYTEA NOT NULL,        -- the event that does not fit
    seen_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (source, stream, seq, kind, digest)
);

-- What is no event: the dead letters.
CREATE TABLE rejected (
    topic TEXT NOT NULL,
    digest TEXT NOT NULL,          -- of the whole payload
    reason TEXT NOT NULL,
    size BIGINT NOT NULL,          -- of the whole payload, in bytes
    payload BYTEA NOT NULL,        -- its beginning
    seen_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (topic, digest)
);

-- The public key (hex, as `gate-agent events key` prints it) with which each gate signs; after a change, both.
-- Filled by people, never from the network: a key that arrives with the data proves nothing about the data.
CREATE TABLE gates (
    gate TEXT NOT NULL,
    public_key TEXT NOT NULL,
    PRIMARY KEY (gate, public_key)
);

-- Each stream: how far it is proven, and what is stored of it.
CREATE VIEW streams AS
SELECT w.source, w.stream, w.seq AS watermark, w.signed_seq,
    (SELECT COALESCE(MIN(e.seq), 0) FROM events e WHERE e.source = w.source AND e.stream = w.stream) AS first,
    (SELECT COALESCE(MAX(e.seq), 0) FROM events e WHERE e.source = w.source AND e.stream = w.stream) AS last,
    (SELECT COUNT(*) FROM conflicts c WHERE c.source = w.source AND c.stream = w.stream) AS conflicts
FROM watermarks w;

-- Each run of numbers that is not stored although a higher one is. Below the watermark there are none.
CREATE VIEW missing AS
SELECT source, stream, below + 1 AS first, seq - 1 AS last
FROM (
    SELECT e.source, e.stream, e.seq,
        COALESCE(LAG(e.seq) OVER (PARTITION BY e.source, e.stream ORDER BY e.seq), w.seq) AS below
    FROM watermarks w JOIN events e ON e.source = w.source AND e.stream = w.stream AND e.seq > w.seq
) AS neighbours
WHERE seq > below + 1;

-- Each event that is the next one of its stream, but does not name the digest of the one before it.
CREATE VIEW broken AS
SELECT w.source, w.stream, e.seq, e.digest, 'it follows ' || e.prev || ', stored is ' || w.digest AS detail, e.payload
FROM watermarks w JOIN events e ON e.source = w.source AND e.stream = w.stream AND e.seq = w.seq + 1
WHERE e.prev <> w.digest;

-- What `central.py gaps` prints. What a gate recorded but never delivered cannot be seen here: compare `last` with
-- `seq_head` in the gate's status.
CREATE VIEW report AS
SELECT 1 AS part, s.source, s.stream, 0 AS first,
    s.source || ' ' || s.stream || ': first ' || s.first || ', last ' || s.last || ', watermark ' || s.watermark
        || ', behind ' || (s.last - s.watermark) || ', chain '
        || CASE WHEN s.last = s.watermark THEN 'whole' WHEN b.seq IS NULL THEN 'gap after ' || s.watermark
            ELSE 'BROKEN after ' || s.watermark END
        || ', signed to ' || s.signed_seq || ', conflicts ' || s.conflicts AS line,
    s.last = s.watermark AND s.conflicts = 0 AS well
FROM streams s LEFT JOIN broken b ON b.source = s.source AND b.stream = s.stream
UNION ALL
SELECT 1, source, stream, first,
    '  missing ' || first || '..' || last || '; arguments of a replay: {"stream": "'
        || REPLACE(REPLACE(stream, '\', '\\'), '"', '\"') || '", "first": ' || first || ', "last": ' || last || '}',
    1 = 0
FROM missing
UNION ALL
SELECT 2, '', '', 0, 'rejected messages: ' || COUNT(*), (SELECT COUNT(*) FROM watermarks) > 0 FROM rejected;

-- Each stream with what the live table shows: its newest event, and the last passage that came to an end.
CREATE VIEW live AS
SELECT s.source, SUBSTR(s.source, 7) AS gate, s.stream, s.watermark, s.last, e.time, s.conflicts,
    (SELECT c.payload FROM events c WHERE c.source = s.source AND c.stream = s.stream AND c.type = 'transaction.closed'
        ORDER BY c.seq DESC LIMIT 1) AS closed,
    (SELECT COALESCE(SUM(m.last - m.first + 1), 0) FROM missing m WHERE m.source = s.source AND m.stream = s.stream)
        AS missing
FROM streams s JOIN events e ON e.source = s.source AND e.stream = s.stream AND e.seq = s.last;

COMMIT;
