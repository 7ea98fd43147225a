"""The gates of a site: how they let a permit pass once among them."""
