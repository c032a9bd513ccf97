"""From a commit to an account: what the stack Delivery consists of."""
