"""The domain: what an S3 event means, which row it becomes, and when that row may be written.

Imported by the functions in AWS and by the `reinventure` command alike, so that there is one
rule and not two. Only `batch`, `bucket`, `merge`, `publication`, `ranges`, `store` and
`totals_table` talk to AWS.
"""
