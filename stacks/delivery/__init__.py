"""The pipeline: the parts of the stack Delivery."""
