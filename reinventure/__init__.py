"""What runs on your machine: the `reinventure` command and the local cloud."""
