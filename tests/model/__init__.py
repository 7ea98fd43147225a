"""The rules of the gate, explored: every input in every state of the real code, as far as bounds allow.

`python -m tests.model` runs all (`make model`); docs/models.md says what is explored and what is not.

A machine is one module here, with a class that is a `tests.model.explorer.Machine`, and one row in
`tests/model/machines.py`. A fault that it must find goes into `tests/model/faults.py`, and what it finds in the
product, once that is mended, into a test that replays it.
"""
