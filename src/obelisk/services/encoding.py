"""The character set of files that name none, which can change while they are read."""


class AssumedEncoding:
    """Shared by all that read files; it may change from one file to the next.

    Attributes
    ----------
    name
        The name of the character set, as `DefaultEncoding` spells it.
    """

    def __init__(self, name: str = "Latin1") -> None:
        self.name = name
