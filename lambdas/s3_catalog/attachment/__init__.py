"""Attaching existing buckets: the EventBridge switch in their notification configuration."""
