"""Attacks that were found once, each as a test: its docstring names the finding."""
