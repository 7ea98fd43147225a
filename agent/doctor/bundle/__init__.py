"""The support bundle: data for remote support, without secrets."""
