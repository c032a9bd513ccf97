"""The deployed stacks, found by their outputs, and the work on them."""
