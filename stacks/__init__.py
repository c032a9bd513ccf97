"""What AWS should look like: a module for each stack, a folder for the constructs in it."""
