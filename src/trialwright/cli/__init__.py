"""The command line: one function per command."""


def main() -> None:
    """Run the `trialwright` program."""
