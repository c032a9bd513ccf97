"""The domain: what an S3 event means, which row it becomes, and when that row may be written.

The functions in AWS, the worker and the `reinventure` command import it alike, so there is one rule
and not two. Imports point one way: ingestion, reconciliation, totals and feed use table and s3,
which use model.
"""
