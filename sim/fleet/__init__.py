"""Many simulated gates in one process, to see how brokers and central bear them."""
