"""The contract with central, made from the models: JSON Schemas, an AsyncAPI document, examples, and others' words.

At the top of the core: it looks at every model, and nothing in the core looks at it. Its face exports nothing: the
running agent needs channels and schemas, and must not load the documents and examples with them.
"""
