"""`python -m daemon` is `aurora`."""

from daemon.cli import main

if __name__ == "__main__":
    main()
