"""Follow any request through every Python service: put clew run in front of your command."""


def main() -> int:
    """The command `clew`; returns the exit status."""
    from clew_cli.command import dispatch  # late: every process below `clew run` imports this package, none needs this

    return dispatch()
