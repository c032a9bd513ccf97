"""A client of the operations that every change of an object needs, without botocore's models.

It signs, sends, retries and parses with the standard library alone. Errors are botocore's. All
other operations are botocore's as well (`s3_catalog.clients`).
"""
