"""What settings and drivers say to people, in the languages of the border.

A folder a language, of TOML files whose keys are the English patterns of `drivers.text.Text`, and the descriptions of the
configuration's keys: whoever changes the English is told by a test that its translations must be looked at.
"""
