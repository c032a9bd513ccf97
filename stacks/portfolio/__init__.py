"""Products of Service Catalog: the parts of the stack Portfolio, and released versions."""
