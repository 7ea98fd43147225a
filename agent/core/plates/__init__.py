"""Plates as texts: their formats, the vote over frames and the match with the declared plate."""
