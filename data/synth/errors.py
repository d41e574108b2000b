"""The one exception whose text is meant for the user."""


class CorpusError(Exception):
    """A failure that the user can act on; its text is one sentence."""
