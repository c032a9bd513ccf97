"""What is wrong with a deployed catalog now, since when, and the command that fixes it."""
