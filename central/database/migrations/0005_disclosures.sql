-- The personal values of events, beside them: `events.payload` holds a digest where a value stood, so that a value can
-- be erased and the chain stays. An event that hides nothing has no row here. Not for dashboards: no role may read it.
CREATE TABLE disclosures (
    stream_id integer NOT NULL,
    seq bigint NOT NULL,
    stored_at timestamptz NOT NULL,            -- that of its event
    disclosures text[] NOT NULL,               -- base64url of [salt, place below data, value]; those that are not erased
    erased jsonb NOT NULL DEFAULT '[]'         -- [{digest, at, rule}] of those that are
) PARTITION BY RANGE (stored_at);
DO $$
DECLARE
    month text;
    first date;
BEGIN
    FOR month IN SELECT substr(c.relname, length('events_') + 1) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'events'::regclass ORDER BY 1
    LOOP
        first := to_date(month, 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I PARTITION OF disclosures FOR VALUES FROM (%L) TO (%L)', 'disclosures_' || month,
            first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
        EXECUTE format('CREATE UNIQUE INDEX ON %I (stream_id, seq)', 'disclosures_' || month);
    END LOOP;
END $$;

-- When the plate of a vehicle was erased; NULL: it was not.
ALTER TABLE vehicles ADD COLUMN erased_at timestamptz;

-- What was erased here, without a value of it.
CREATE TABLE erasures (
    at timestamptz NOT NULL DEFAULT now(),
    rule text NOT NULL,                        -- age, or request
    operator text,
    cause text NOT NULL,
    value_count bigint NOT NULL,
    event_count bigint NOT NULL
);
