"""Put a sentence into another language after it was made, by the templates it is of.

Code makes a message of parts: f"With {scene}, {what}". A catalogue has each part with
its holes, and a message is read as the parts that leave least of it in English.

    Phrases({"With {scene} it gave {got}.": "{scene}: Es kam {got}."})
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from string import Formatter
from typing import NamedTuple

LONGEST = 600  # characters of a message that is taken apart
MOST_WAYS = 40  # of filling the holes of one template
FEW = 10  # letters of a template that may fit by chance: `a {name}`
# Where code joins two sentences, or the parts of a line.
JOINT = re.compile(r"(?<=[.,:;?!…])[ \n]+|\n| · ")

Reading = tuple[int, str]  # how many letters stay as they are, and the text


class Template(NamedTuple):
    """A text with holes: what stands before, between and after them, and their names.

    >>> template("{page} has {got}, not its own.", "{page}: {got} gehört ihr nicht.")
    Template(literals=('', ' has ', ', not its own.'), names=('page', 'got'), here=...)
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]
    here: str


def template(text: str, here: str) -> Template:
    """The template in a catalogue's entry, with holes as `str.format` writes them."""
    literals, names = [""], []
    for literal, name, _, _ in Formatter().parse(text):
        literals[-1] += literal
        if name is not None:
            names.append(name)
            literals.append("")
    return Template(tuple(literals), tuple(names), here)


def ways(text: str, literals: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every way to fill the holes between these literals so that they give the text.

    >>> list(ways("a, b, c.", ("", ", ", ".")))
    [('a', 'b, c'), ('a, b', 'c')]
    """
    head, *rest = literals
    if not (text.startswith(head) and _fits(text, literals)):
        return
    text = text[len(head) :]
    if len(rest) == 1:
        yield (text.removesuffix(rest[0]),)
        return
    place = text.find(rest[0])
    while place >= 0 and _fits(text[place:], rest):
        for more in ways(text[place:], rest):
            yield (text[:place], *more)
        place = text.find(rest[0], place + 1)


def _fits(text: str, literals: Sequence[str]) -> bool:
    """Whether these literals stand in the text, in order, the last one at its end."""
    place = 0
    for literal in literals[:-1]:
        at = text.find(literal, place)
        if at < 0:
            return False
        place = at + len(literal)
    return text.endswith(literals[-1], place)


class Phrases:
    """All that a language knows to say.

    >>> entries = {"Nothing came.": "Es kam nichts.", "Of {name}:": "Zu {name}:"}
    >>> Phrases(entries).translate("Of `f`: Nothing came. 3 are left.")
    'Zu `f`: Es kam nichts. 3 are left.'

    Args:
        entries: Of each English text or template the one in this language.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        pairs = [(a.strip(), b.strip()) for a, b in entries.items() if a != b]
        made = [template(text, here) for text, here in pairs]
        self._whole = {t.literals[0]: t.here.format() for t in made if not t.names}
        self._holed = [t for t in made if t.names]

    def translate(self, text: str) -> str:
        """The text in this language; what is not known stays as it is."""
        return text if len(text) > LONGEST else self._reader()(text)[1]

    def _reader(self) -> Callable[[str], Reading]:
        """What reads one message: no part of it is taken apart twice."""

        @cache
        def read(text: str) -> Reading:
            inner = text.strip()
            if inner in self._whole:
                return 0, text.replace(inner, self._whole[inner])
            if inner != text:
                left, here = read(inner)
                return left, text.replace(inner, here) if inner else text
            readings = [*self._filled(text, read), *_joined(text, read), _value(text)]
            return min(readings, key=itemgetter(0))

        return read

    def _filled(self, text: str, read: Callable[[str], Reading]) -> Iterator[Reading]:
        """The text as each template it may be of, its holes read in turn."""
        for one in self._holed:
            for found in islice(ways(text, one.literals), MOST_WAYS):
                holes = [read(hole) if " " in hole else _value(hole) for hole in found]
                costs, parts = zip(*holes, strict=True)
                if _letters(one.literals) < FEW and any(map(_by_chance, found, parts)):
                    continue
                cost = sum(costs) + sum(map(_cut, found))
                filled = dict(zip(one.names, parts, strict=True))
                yield cost, one.here.format(**filled)


def _letters(texts: Iterable[str]) -> int:
    return sum(map(str.isalpha, "".join(texts)))


def _value(text: str) -> Reading:
    """A single word in a hole: a name that is given, also if it is a word we know."""
    return _letters(text), text


def _cut(text: str) -> int:
    """How many quotes have lost their partner: a value was taken for two."""
    return text.count("'") % 2 + text.count('"') % 2


def _by_chance(text: str, here: str) -> bool:
    """Whether a hole holds words that are no value and that nothing was known of."""
    return text == here and " " in text and text[0].isalpha()


def _joined(text: str, read: Callable[[str], Reading]) -> Iterator[Reading]:
    """The text as two parts that code joined, or one with a mark put to its end."""
    if len(text) > 1 and text[-1] in ".,:":
        unmarked = read(text[:-1])
        yield unmarked[0], unmarked[1] + text[-1]
    for joint in JOINT.finditer(text):
        sides = text[: joint.start()], text[joint.end() :]
        if not all(sides):
            continue
        # A bare word in mid-sentence is a name, in a line of parts it is one of them.
        names = joint[0] != " · "
        left, right = (
            _value(one) if names and one.isalpha() else read(one) for one in sides
        )
        yield left[0] + right[0], left[1] + joint[0] + right[1]
