"""The settings as models: every key, its limits and its meaning."""
