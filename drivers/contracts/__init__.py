"""What each kind of driver promises, as suites of tests that drivers inherit: those of this product, and others'.

Needs pytest, and loads its plugin from here. For tests alone: nothing that runs at a gate imports it.
"""
