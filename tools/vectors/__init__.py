"""The test vectors of the contract: fixed keys, fixed bytes, and what a gate says to them.

`python -m tools.vectors` writes docs/contract/vectors. What a gate says is asked of the gate's own code, and held
against what is expected here before anything is written.
"""
