"""What AWS should look like: a module for each stack, a construct for each capability."""
