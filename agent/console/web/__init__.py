"""The web server of the console: its doors, its limits, its certificate, and the pages that it serves."""
