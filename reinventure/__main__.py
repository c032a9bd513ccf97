"""`python -m reinventure`."""

from reinventure.cli import main

main()
