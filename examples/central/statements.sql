-- What store.py does with the tables, by name. $1 is the source and $2 the stream, where nothing else is said.

-- @ lock
-- Begin the stream at 0, where the digest is $3, that of its id; or take its row. "DO UPDATE", although it changes nothing:
-- in PostgreSQL that locks the row, new or old, until the commit, so that workers with the same gate take turns.
INSERT INTO watermarks (source, stream, seq, digest) VALUES ($1, $2, 0, $3)
ON CONFLICT (source, stream) DO UPDATE SET seq = watermarks.seq
RETURNING seq

-- @ events
INSERT INTO events (source, stream, seq, id, type, time, lane, transaction_id, prev, payload, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING

-- @ disclosures
-- Before the events: what is sent again must not bring back what was deleted here.
INSERT INTO disclosures (source, stream, seq, disclosure)
SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT)
WHERE NOT EXISTS (SELECT 1 FROM events WHERE source = $1 AND stream = $2 AND seq = $3) ON CONFLICT DO NOTHING

-- @ conflicts
INSERT INTO conflicts (source, stream, seq, kind, digest, detail, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING

-- @ rejected
INSERT INTO rejected (topic, digest, reason, size, payload) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING

-- @ other_event
-- The conflict, if under number $3 another event is stored than this one with digest $4 and payload $5.
SELECT source, stream, seq, 'other_event', $4, 'the event stored there is ' || digest, $5
FROM events WHERE source = $1 AND stream = $2 AND seq = $3 AND digest <> $4

-- @ advance
-- Move the watermark over every event that is the next one and names the digest of the one before it: what is behind a gap,
-- or does not fit, is not reached. One look-up an event, however many events wait behind a gap.
WITH RECURSIVE proven (seq, digest) AS (
    SELECT seq, digest FROM watermarks WHERE source = $1 AND stream = $2
    UNION ALL
    SELECT e.seq, e.digest
    FROM proven CROSS JOIN events e  -- CROSS: else SQLite reads all events of the stream for each step
    WHERE e.source = $1 AND e.stream = $2 AND e.seq = proven.seq + 1 AND e.prev = proven.digest
)
UPDATE watermarks SET (seq, digest) = (SELECT seq, digest FROM proven ORDER BY seq DESC LIMIT 1)
WHERE source = $1 AND stream = $2
RETURNING seq, digest

-- @ broken
-- The conflict, if the next event is there, but does not name the digest of the one before it.
SELECT source, stream, seq, 'broken_chain', digest, detail, payload FROM broken WHERE source = $1 AND stream = $2

-- @ keys
SELECT public_key FROM gates WHERE gate = $1

-- @ checkpoints
-- Those over which the watermark went, from $3 to $4.
SELECT seq, prev, payload FROM events
WHERE source = $1 AND stream = $2 AND seq > $3 AND seq <= $4 AND type = 'chain.checkpoint'
ORDER BY seq

-- @ signed
-- The gate has signed the chain up to $3.
UPDATE watermarks SET signed_seq = $3 WHERE source = $1 AND stream = $2

-- @ bad_checkpoint
-- The conflict of the checkpoint at $3.
SELECT source, stream, seq, 'bad_checkpoint', digest, 'by no key in table gates, or it signs not what is stored', payload
FROM events WHERE source = $1 AND stream = $2 AND seq = $3

-- @ report
SELECT line, well FROM report ORDER BY part, source, stream, first

-- @ live
-- $1: a minute ago. For the rate at most the newest 1,000 events of a stream are counted.
SELECT gate, SUBSTR(stream, 1, 8), watermark, time, closed, missing, conflicts,
    (SELECT COUNT(*) FROM events e WHERE e.source = live.source AND e.stream = live.stream
        AND e.seq > live.last - 1000 AND e.stored_at > $1)
FROM live ORDER BY gate, stream
