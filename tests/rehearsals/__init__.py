"""Failures made on purpose on the local cloud, one a test: `make rehearse`.

`make test` collects none of this folder. Tests of other folders that are marked are run as well.
"""
