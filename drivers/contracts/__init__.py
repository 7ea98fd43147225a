"""What each kind of driver promises: test suites for this product's drivers and for drivers of other makers.

Needs pytest, and loads its plugin from here. Only tests use it: nothing that runs at a gate imports it.
"""
