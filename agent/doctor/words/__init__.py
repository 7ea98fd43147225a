"""The words of the findings, one module a language."""
