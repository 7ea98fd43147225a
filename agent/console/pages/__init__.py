"""The pages, one a module: `router`, and `NAV` where it stands in the navigation. All modules here are served."""
