"""Controls, AWS Config and the trail: the parts of the stack Governance."""
