"""What S3 sends and what S3 answers: event records, and the listing of a bucket."""
