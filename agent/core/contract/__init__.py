"""The contract with central, generated from the models: JSON Schemas, an AsyncAPI document, and examples.

It also maps our terms to those of other standards. It imports models from all of the core, and nothing in the core
imports it. Its face exports nothing: the running agent needs only channels and schemas, and must not load the rest.
"""
