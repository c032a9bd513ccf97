"""Judging and recording what is deployed: what the stack Governance consists of."""
