"""The house style as a program checks it: rules as data, the places where people read, and what was found there.

It reads files of the repository and writes its own baseline; nothing of the product imports it.
"""
