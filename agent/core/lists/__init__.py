"""What central tells a site in advance: declarations, revocations, the watch list. Signed, versioned, kept whole."""
