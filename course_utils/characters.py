"""Whole characters: a stream may cut one in two, and half of one is no text.

characters = Characters(); characters.push("Hi " + half)     # "Hi "
"""


class Characters:
    """Joins the halves of characters: push text, get what is whole of it.

    >>> characters = Characters()
    >>> characters.push("a" + chr(0xD83D)), characters.push(chr(0xDE00))
    ('a', '😀')
    """

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def push(self, text: str) -> str:
        """Take a piece of text; returns all that is whole by now."""
        if not self._half and text.isascii():
            return text
        text = self._half + text
        cut = len(text) - 1 if "\ud800" <= text[-1:] <= "\udbff" else len(text)
        self._half = text[cut:]
        return well_formed(text[:cut])

    def rest(self) -> str:
        """Nothing more comes: a half that is left is told as a character unknown."""
        half, self._half = self._half, ""
        return well_formed(half)


def well_formed(text: str) -> str:
    """The text with every lone surrogate replaced, so that it can be sent and saved.

    >>> well_formed("a" + chr(0xD83D) + chr(0xDE00)), well_formed(chr(0xD83D))
    ('a😀', '�')
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
