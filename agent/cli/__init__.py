"""The command line, one thin module a command group.

May print, ask, and read and write the files that it is given; what a command does is the work of other rooms. It
reaches a running agent by files, signals and the console's socket. The only room that knows `central` and `sim`.
Nothing imports it.
"""
