"""Digital inputs: loops, photocells, limit switches.

May ask boards on serial lines for their inputs. Switches nothing.
"""
