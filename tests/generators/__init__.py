"""What generators of code make of the published contract, for `make test-generators`."""
