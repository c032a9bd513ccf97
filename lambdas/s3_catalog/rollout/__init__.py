"""The two checks of a new version of `ingest`: before traffic shifts to it, and afterwards."""
