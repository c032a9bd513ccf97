"""What each format says about its content."""
