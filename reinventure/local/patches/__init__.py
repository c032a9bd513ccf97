"""Patches of the running emulator, a module for each of its services."""
