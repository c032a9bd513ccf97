"""A small client of the operations that every change of an object needs.

It signs, sends, retries and parses with the standard library alone, and raises botocore's errors.
All other operations are botocore's, and so are these where the environment asks for what this
client does not have, such as a proxy (`s3_catalog.clients`).
"""
