"""The deployed stacks, found by their outputs, and what is asked of them."""
