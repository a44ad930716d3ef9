"""What ends one row and not the bench."""


class Failed(Exception):
    """A side did not do its work; the message says which work and why."""
