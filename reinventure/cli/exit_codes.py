"""The exit codes."""

EXIT_ERROR = 2
"""Exit code for what the user can mend: no such stack, wrong credentials, no connection."""

EXIT_DIFFERENT = 1
"""Exit code when bucket and catalog differ, neither knows a key, events failed again, a row came
too late, or totals changed all the while they were recounted."""
