-- What dashboards and the exporter may read: a role without rights to change anything. Grant it to their log-ins.
-- It is shared by all databases of a server, so it may be there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gate_central_read') THEN
        CREATE ROLE gate_central_read NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the role gate_central_read was not made: this log-in may not make roles. See docs/central.md';
          WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gate_central_read') THEN
        GRANT SELECT ON streams, events, vehicles, vehicle_hours, vehicle_days, fleet_hours, vehicle_totals, conflicts,
            rejected, gates, gate_versions, problems, past_problems, totals, gate_keys, dropped_events, readers,
            reader_positions, replay_orders, central, gate_progress, open_problems, fleet TO gate_central_read;
    END IF;
END $$;
