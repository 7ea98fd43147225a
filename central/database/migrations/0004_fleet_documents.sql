-- Fleet documents as each gate says that it stands with them, one row for each kind and audience; the last word of birth
-- or health counts.
CREATE TABLE gate_documents (
    gate text NOT NULL,
    kind text NOT NULL,                        -- configuration, policy
    audience text NOT NULL,                    -- all, group:NAME, gate:ID
    version bigint NOT NULL,                   -- of the newest document that was meant for the gate
    digest text NOT NULL,                      -- the same in every stage of a roll-out
    state text NOT NULL,                       -- refused, waiting, trial, applied, undone
    code text,                                 -- why it was refused or undone
    changed_at timestamptz,                    -- since when, by the gate's clock
    in_force bigint NOT NULL,                  -- the version that runs there; 0: none
    PRIMARY KEY (gate, kind, audience)
);
ALTER TABLE gates ADD COLUMN drifting bigint;  -- keys that the gate sets otherwise than its documents

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gate_central_read') THEN
        GRANT SELECT ON gate_documents TO gate_central_read;
    END IF;
END $$;
