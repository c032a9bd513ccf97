"""Looking inside objects: what the stack Workers consists of."""
