"""How the functions talk to AWS."""

from botocore.config import Config

CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 4},
)
"""Short time-outs: `ingest` has 30 s, and a second try is worth more than a long wait."""
