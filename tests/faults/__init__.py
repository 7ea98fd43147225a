"""The loss tables: the product under kills, power cuts, network faults and full disks, and what
central has at the end.
"""
