-- What gates say of themselves, what is wrong with them and since when, and the views of dashboards and exporter.

-- The last word of each gate. A column is null where the gate has not said it.
CREATE TABLE gates (
    gate text PRIMARY KEY,
    expected boolean NOT NULL DEFAULT false,   -- named by people: missing is a problem, not news
    site text,
    first_heard_at timestamptz,
    heard_at timestamptz,                      -- last status, birth or health
    status_at timestamptz,
    state text,                                -- online, offline, lost
    state_since timestamptz,
    version text,
    version_since timestamptz,
    configuration text,                        -- SHA-256 of it, in hex
    configuration_since timestamptz,
    boot text,
    stream text,
    head bigint,
    acked bigint,
    depth bigint,
    ack_mode text,
    trouble text,
    refused_events bigint,
    refused_acks bigint,
    acks_signed boolean,
    clock_state text,
    clock_synced boolean,
    lists_state text,
    trust_list bigint,
    trust_state text,                          -- the worst of its parts: whole, behind, lost
    first_kept bigint,
    key_public bytea,                          -- as the gate says; compare with gate_keys
    certificate_expires_at timestamptz,
    trust_list_expires_at timestamptz,
    disk_free_bytes bigint,
    birth bytea                                -- the bytes of the last one
);

-- Which version and configuration each gate ran, since when: the story of a roll-out.
CREATE TABLE gate_versions (
    gate text NOT NULL,
    since timestamptz NOT NULL,
    version text NOT NULL,
    PRIMARY KEY (gate, since)
);
CREATE INDEX gate_versions_since ON gate_versions (since);

-- What gates say is wrong with them, while they say it.
CREATE TABLE problems (
    gate text NOT NULL,
    source text NOT NULL,                      -- health, status
    code text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('note', 'warning', 'error')),
    detail text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (gate, source, code, subject)
);

-- The same, once it was over. Kept as long as events.
CREATE TABLE past_problems (
    gate text NOT NULL,
    source text NOT NULL,
    code text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX past_problems_gate ON past_problems (gate, until DESC);
CREATE INDEX past_problems_until ON past_problems (until);

-- Counts that only grow, beside the tables that are cleaned up.
CREATE TABLE totals (name text PRIMARY KEY, count bigint NOT NULL);

-- How long a gate may be silent: three heartbeats of 30 s.
CREATE FUNCTION silence() RETURNS interval IMMUTABLE LANGUAGE sql AS $$ SELECT interval '90 s' $$;

-- How far each gate is behind: what it has recorded, and what is proven here.
CREATE VIEW gate_progress AS
SELECT g.gate, s.id AS stream_id, s.stream, greatest(g.head, s.last_seq) AS head, s.watermark, s.signed_seq, s.last_seq,
    greatest(0, greatest(g.head, s.last_seq) - coalesce(s.watermark, 0)) AS lag,
    s.caught_up_at AS behind_since, s.moved_at, s.stored_at
FROM gates g LEFT JOIN streams s ON s.gate = g.gate AND s.stream = g.stream;

-- Everything that is wrong now: what gates say, and what only central can see.
CREATE VIEW open_problems AS
SELECT gate, source, code, subject, severity, detail, since FROM problems
UNION ALL
SELECT gate, 'central', 'NEVER_HEARD', '', 'error', 'expected, and no word of it yet', NULL::timestamptz
FROM gates WHERE expected AND heard_at IS NULL
UNION ALL
SELECT gate, 'central', 'SILENT', '', 'error', 'says online, and no status for longer than 90 s', status_at
FROM gates WHERE state = 'online' AND status_at < now() - silence()
UNION ALL
SELECT gate, 'central', 'LOST', '', 'error', 'its connection broke and did not come back', state_since
FROM gates WHERE state = 'lost'
UNION ALL
SELECT gate, 'central', 'OFFLINE', '', 'warning', 'it was stopped in order', state_since
FROM gates WHERE state = 'offline'
UNION ALL
SELECT gate, 'central', 'BEHIND', '', 'warning', lag || ' events are not proven here', behind_since
FROM gate_progress WHERE lag > 0 AND behind_since < now() - interval '5 min'
UNION ALL
SELECT gate, 'central', 'CONFLICT', kind, 'error', count(*) || ' in table conflicts', min(seen_at)
FROM conflicts GROUP BY gate, kind
UNION ALL
SELECT g.gate, 'central', 'KEY_NOT_NOTED', '', 'note', 'its signatures are not checked', g.first_heard_at
FROM gates g WHERE g.key_public IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gate_keys k WHERE k.gate = g.gate)
UNION ALL
SELECT g.gate, 'central', 'KEY_CHANGED', '', 'error', 'it signs by a key that nobody has noted', g.heard_at
FROM gates g
WHERE EXISTS (SELECT 1 FROM gate_keys k WHERE k.gate = g.gate) AND g.key_public IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM gate_keys k WHERE k.gate = g.gate AND k.public_key = g.key_public)
UNION ALL
SELECT gate, 'central', 'CERTIFICATE_EXPIRES', '',
    CASE WHEN certificate_expires_at < now() + interval '7 d' THEN 'error' ELSE 'warning' END,
    'the certificate ends at ' || to_char(certificate_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
    certificate_expires_at - interval '30 d'
FROM gates WHERE certificate_expires_at < now() + interval '30 d'
UNION ALL
SELECT gate, 'central', 'TRUST_LIST_EXPIRES', '',
    CASE WHEN trust_list_expires_at < now() THEN 'error' ELSE 'warning' END,
    'the trust list ends at ' || to_char(trust_list_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
    trust_list_expires_at - interval '2 d'
FROM gates WHERE trust_list_expires_at < now() + interval '2 d';

CREATE FUNCTION severity_rank(severity text) RETURNS integer IMMUTABLE LANGUAGE sql AS
$$ SELECT CASE severity WHEN 'error' THEN 3 WHEN 'warning' THEN 2 WHEN 'note' THEN 1 ELSE 0 END $$;

-- One row for each gate: its worst problem and since when, and how it is. What an operator asks first.
CREATE VIEW fleet AS
SELECT g.gate, g.site,
    CASE WHEN g.heard_at IS NULL THEN 'never heard'
        WHEN g.state = 'online' AND g.status_at < now() - silence() THEN 'silent'
        ELSE coalesce(g.state, 'unknown') END AS state,
    g.state_since,
    coalesce(w.severity, 'well') AS worst,
    coalesce(severity_rank(w.severity), 0) AS rank,
    w.code, w.subject, w.detail, w.since,
    coalesce(w.problems, 0) AS problems,
    coalesce(p.lag, 0) AS lag, p.head, p.watermark, p.signed_seq,
    g.version, g.configuration, g.trust_state, g.clock_state, g.lists_state, g.status_at, g.heard_at, g.trouble
FROM gates g
LEFT JOIN gate_progress p ON p.gate = g.gate
LEFT JOIN (
    SELECT DISTINCT ON (gate) gate, severity, code, subject, detail, since,
        count(*) OVER (PARTITION BY gate) AS problems
    FROM open_problems
    ORDER BY gate, severity_rank(severity) DESC, since NULLS FIRST, code, subject
) w ON w.gate = g.gate;
