"""Records of S3's events, and the listing of a bucket."""
