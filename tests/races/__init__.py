"""Gates of a site that race for the same permits."""
