"""The contract with central, made from the models: JSON Schemas, an AsyncAPI document, examples, and others' words for ours."""
