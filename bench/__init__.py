"""Measurements of this project beside others: `make bench`, or `python -m bench --help`.

A module for each group of rows; `rows` measures them. The peers are in an environment of their own
(requirements-bench.txt), and run in the same turns as this project.
"""
