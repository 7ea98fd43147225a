"""What is known of a broker before anyone talks to it: addresses, TLS files, topics."""
