"""One module for each format: what it says about the content."""
