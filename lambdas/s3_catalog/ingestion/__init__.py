"""From a delivery of S3 events to rows."""
