"""The decision on one vehicle: which permit counts, and every check in its fixed order."""
