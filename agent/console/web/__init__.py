"""The web server of the console: its listeners, its limits, its certificate, and the pages that it serves."""
