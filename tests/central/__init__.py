"""How quick the central dashboards are over a fleet and a month of events: `make test-central`."""
