-- How often each gate sends a status, as it says: a gate with long pauses between them is not silent in such a pause.
ALTER TABLE gates ADD COLUMN status_every_s integer NOT NULL DEFAULT 30;  -- 30: also where the agent does not say it yet

-- How long a gate may be silent: three times as long as it takes to the next status, and no less than 90 s.
CREATE FUNCTION silence(status_every_s integer) RETURNS interval IMMUTABLE LANGUAGE sql AS
$$ SELECT greatest(interval '90 s', make_interval(secs => 3 * status_every_s)) $$;

-- Everything that is wrong now: what gates say, and what only central can see.
CREATE OR REPLACE VIEW open_problems AS
SELECT gate, source, code, subject, severity, detail, since FROM problems
UNION ALL
SELECT gate, 'central', 'NEVER_HEARD', '', 'error', 'expected, and no word of it yet', NULL::timestamptz
FROM gates WHERE expected AND heard_at IS NULL
UNION ALL
SELECT gate, 'central', 'SILENT', '', 'error',
    'says online, and no status for longer than ' || extract(epoch FROM silence(status_every_s))::integer || ' s', status_at
FROM gates WHERE state = 'online' AND status_at < now() - silence(status_every_s)
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

-- One row for each gate: its worst problem and since when, and how it is. What an operator asks first.
CREATE OR REPLACE VIEW fleet AS
SELECT g.gate, g.site,
    CASE WHEN g.heard_at IS NULL THEN 'never heard'
        WHEN g.state = 'online' AND g.status_at < now() - silence(g.status_every_s) THEN 'silent'
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

DROP FUNCTION silence();
