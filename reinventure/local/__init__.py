"""AWS on this machine: start it, deploy the real templates to it, show what they do."""
