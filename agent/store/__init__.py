"""What the gate keeps on disk: the journal, the registry of lists, evidence, its own key.

May touch files below the state directory. Its face exports nothing: each of its rooms has one of its own.
"""
