"""The pages, one a module: `router`, and `NAV` for the navigation. All modules here are served."""
