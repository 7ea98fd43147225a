"""The rules of the gate, explored: every input in every state of the real code, as far as bounds allow.

`python -m tests.model` runs all (`make model`); docs/models.md says what is explored and what is not.

To add a machine, the trust state for one: a module here with a class that is a `tests.model.explorer.Machine`, and a
row in `tests/model/machines.py`. A fault that it must find goes into `tests/model/faults.py`.
"""
