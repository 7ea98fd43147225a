"""What the gates of a site agree on: claims, the shared ledger, and their messages."""
