"""The command line. Each group of commands has one thin module.

May print, ask questions, and read and write the files that the user names. Other packages do the work. Commands reach a
running agent through files, signals and the console's socket. In the agent, only this package imports `central` and
`sim`. No other package imports it.
"""
