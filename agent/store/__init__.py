"""The gate's data on disk: the journal, the registry of lists, the evidence, and the gate's own key.

May use files in the state directory, and the head file outside it. Its face exports nothing: each subpackage has a face
of its own.
"""
