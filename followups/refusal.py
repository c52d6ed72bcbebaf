"""A deed that cannot be done, in the words for whoever tried it."""


class Refused(Exception):  # noqa: N818 - what it says to the user
    """It cannot be recorded like this; the message says why and what to do."""
