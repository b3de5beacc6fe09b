"""`python -m eingrad`: the command line where the script is not on the path."""

from .apps.cli import main

if __name__ == "__main__":
    main()
