"""The `reinventure` command and the local cloud."""
