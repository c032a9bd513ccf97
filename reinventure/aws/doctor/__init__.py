"""Proofs, made in an account, that AWS services may use the keys under the conditions of ours."""
