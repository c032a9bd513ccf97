"""What the catalog costs: AWS's prices, the usage of a month, and the alternatives.

Pure: it needs neither AWS nor the libraries for it.
"""
