"""The domain: the meaning of an S3 event, the row that it becomes, the rule for writing the row.

The Lambda functions, the worker and the `reinventure` command import it, so there is only one rule.
Imports point one way: ingestion, reconciliation, totals and feed use table and s3, which use model.
"""
