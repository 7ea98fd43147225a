"""What the gate keeps on disk: journal, permit ledger, evidence."""
