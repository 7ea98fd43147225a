"""The support bundle: what somebody needs who helps from afar, without secrets."""
