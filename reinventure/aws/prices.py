"""Prices in US dollars, for estimates: those of us-east-1 in November 2026.

Other regions cost up to twice as much.
"""

LOCATION = "us-east-1, November 2026"

LIST_REQUEST = 0.005 / 1_000
"""Amazon S3 pricing, requests to S3 Standard."""

WRITE_UNIT = 0.625 / 1_000_000
"""Amazon DynamoDB pricing, on-demand capacity. A row of up to 1 KB takes one."""

CHANGE_AFTER_ROW = 0.87 / 1_000_000
"""What follows a written row: totals, change feed, functions and their logs, computed from their
prices for rows that come by the hundred a second. Single changes cost ten times that."""
