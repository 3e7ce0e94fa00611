"""Text as the pieces a model sends it in: some letters each, for no tokenizer is here.

Who counts tokens that nobody told, and who plays a model, both split as here.

    pieces("Nice to meet you.")
"""

import re
from itertools import chain

_PIECE = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]{1,4}|\s+|.", re.DOTALL)
_WHOLE_WORD = 11
_WORD_PIECE = 6


def pieces(text: str) -> list[str]:
    """Split text into word pieces, about as a tokenizer would.

    Short words are one piece with the blank before them, long words a few, numbers
    come in groups of three digits. The pieces joined are the text.

    >>> pieces("Pay 10000 now, unconditionally!")
    ['Pay', ' 100', '00', ' now', ',', ' uncon', 'dition', 'ally', '!']
    """
    found = _PIECE.findall(text)
    return list(chain.from_iterable(map(_split_word, found)))


def _split_word(word: str) -> list[str]:
    if len(word) <= _WHOLE_WORD or word.isspace():
        return [word]
    starts = range(0, len(word), _WORD_PIECE)
    return [word[start : start + _WORD_PIECE] for start in starts]
