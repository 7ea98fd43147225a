"""The pages, one in each module: `router`, and `NAV` for the navigation. The server serves all modules here."""
