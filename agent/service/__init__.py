"""What a long-lived process needs: workers, the watchdog, readiness, rights, secrets out of texts.

Knows no part of the gate. Its face exports nothing: the smallest command starts with one module of it.
"""
