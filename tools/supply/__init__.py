"""What lets a gate know a release: its keyring, the apt repository, the provenance and the signatures."""
