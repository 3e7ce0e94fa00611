"""Hold a stream back until there is something worth reading.

A buffer takes text in (`push`) and gives text out when it is ready; `flush` gives the
rest. Nothing is ever lost or changed: what comes out, joined, is what went in.

    model | StrOutputParser() | buffered(SentenceBuffer)
"""

import re

from course_utils.clock import Clock, course_clock
from course_utils.settings import settings

# Scripts that put no spaces between words: Chinese, Japanese, Tibetan, Burmese, Khmer.
# There a mark ends the word at once, and some marks the sentence.
_STOPS_AT_ONCE = "。！？｡" + "།༎" + "။" + "។៕"
_COMMAS = "、，；：､་၊"
_COMPLETE_WORDS = re.compile(rf".*[\s{_COMMAS}{_STOPS_AT_ONCE}]", re.DOTALL)


@settings()
class WordBuffer:
    """Let only whole words out: a word is complete when a space follows it.

    Text in scripts without spaces waits for its next punctuation mark.

    >>> words = WordBuffer()
    >>> words.push("Strea"), words.push("ming is"), words.flush()
    ('', 'Streaming ', 'is')
    """

    def __init__(self) -> None:
        self._held: list[str] = []

    def __repr__(self) -> str:
        return "WordBuffer()"

    def push(self, text: str) -> str:
        """Take text; return the words that are complete, spaces included."""
        found = _COMPLETE_WORDS.match(text)
        if found is None:
            self._held.append(text)
            return ""
        ready = "".join(self._held) + found.group()
        self._held = [text[found.end() :]]
        return ready

    def flush(self) -> str:
        """Return the last word."""
        rest = "".join(self._held)
        self._held = []
        return rest


_WORD = re.compile(r"\S+\s?")
_CLOSERS = "\"'”’»)]}*_`"
_ABBREVIATION = re.compile(
    r"\W*(([^\W\d_]\.)*[^\W\d_]|Dr|Mrs?|Ms|Prof|St|vs|cf|approx|[Ff]ig|[Ee]q|pp)\."
)
_LIST_NUMBER = re.compile(r"\d+\.")
_MARKS = (".", "!", "?", "…", "‼", "⁇", "⁈", "⁉", "‽", "．")  # if a space follows
# These end a sentence whatever follows, with the quotes right behind them: Arabic,
# Urdu, Syriac, N'Ko; Hindi and its neighbours; Amharic; Armenian; Mongolian.
_FULL_STOPS = "؟۔܀܁܂߹" + "।॥꯫᱾᱿" + "።፧፨" + "։" + "᠃᠉"
_STOPPED = re.compile(
    rf"\n|[{_STOPS_AT_ONCE}]|[{_FULL_STOPS}]+[{re.escape(_CLOSERS)}!?]*\s?"
)
_WORD_ENDS = re.compile(rf"[{_COMMAS}]|{_STOPPED.pattern}")  # without a space


@settings()
class SentenceBuffer:
    """Let only whole sentences out: a mark such as `.` ends one when a space follows.

    A line break ends one as well, and so do the full stops of other scripts (`।`, `۔`,
    `؟`, `。`), space or none. Decimals (3.14), common abbreviations (e.g., Dr.),
    initials (J. Smith) and list numbers (1.) do not. It knows no grammar: "He lives in
    the U.S. She does not." comes out as one sentence, and after an abbreviation it
    does not know it lets go too early.

    >>> sentences = SentenceBuffer()
    >>> sentences.push("It costs 3."), sentences.push("14, e.g. today. Is")
    ('', 'It costs 3.14, e.g. today. ')
    >>> sentences.flush()
    'Is'
    """

    def __init__(self) -> None:
        self._words = WordBuffer()
        self._held: list[str] = []
        self._new_line = True  # what is held begins a line

    def __repr__(self) -> str:
        return "SentenceBuffer()"

    def push(self, text: str) -> str:
        """Take text; return the sentences that are complete."""
        words = self._words.push(text)
        if not words:
            return ""
        end = self._last_end(words)
        if end == 0:
            self._held.append(words)
            return ""
        ready = "".join(self._held) + words[:end]
        self._held = [words[end:]]
        self._new_line = ready.endswith("\n")
        return ready

    def _last_end(self, words: str) -> int:
        """Where the last complete sentence in `words` ends; 0 if none does."""
        ends = [0, *(stop.end() for stop in _STOPPED.finditer(words))]
        ends += [m.end() for m in _WORD.finditer(words) if self._ends(m, words)]
        return max(ends)

    def _ends(self, match: re.Match[str], words: str) -> bool:
        """Whether this word ends a sentence."""
        # As it does where letters come one by one, a mark in it begins another word.
        inside = [mark.end() for mark in _WORD_ENDS.finditer(match.group())]
        begin = match.start() + max([0, *inside])
        word = words[begin : match.end()].rstrip().rstrip(_CLOSERS)
        if not word.endswith(_MARKS) or _ABBREVIATION.fullmatch(word):
            return False
        if not _LIST_NUMBER.fullmatch(word):
            return True
        before = "".join(self._held) + words[:begin]
        line = before.rpartition("\n")[2]
        opens_a_line = not line.strip() and ("\n" in before or self._new_line)
        return not opens_a_line  # "1." of a list does, "in 2026." does not

    def flush(self) -> str:
        """Return the unfinished sentence."""
        rest = "".join(self._held) + self._words.flush()
        self._held, self._new_line = [], True
        return rest


@settings()
class SizeBuffer:
    """Let text out in parts of at least `size` characters; no piece is cut.

    >>> parts = SizeBuffer(4)
    >>> parts.push("ab"), parts.push("cde"), parts.push("f"), parts.flush()
    ('', 'abcde', '', 'f')
    """

    def __init__(self, size: int = 40) -> None:
        if size < 1:
            raise ValueError(f"SizeBuffer needs a size above 0, got {size}: try 40.")
        self.size = size
        self._held: list[str] = []
        self._length = 0

    def __repr__(self) -> str:
        return f"SizeBuffer(size={self.size})"

    def push(self, text: str) -> str:
        """Take text; return all that is held once it is long enough."""
        self._held.append(text)
        self._length += len(text)
        return self.flush() if self._length >= self.size else ""

    def flush(self) -> str:
        """Return what is held."""
        rest = "".join(self._held)
        self._held, self._length = [], 0
        return rest


@settings()
class Throttle:
    """Let text out at most every `seconds`; the first piece goes at once.

    It has no timer: what is held goes with the first piece after the wait, or at the
    end. In a pause of the model the last few pieces therefore wait for the next one.

    >>> from course_utils.clock import VirtualClock
    >>> clock = VirtualClock()
    >>> throttle = Throttle(0.1, clock)
    >>> throttle.push("a"), throttle.push("b")
    ('a', '')
    >>> clock.advance(0.1)
    >>> throttle.push("c")
    'bc'
    """

    def __init__(self, seconds: float = 0.05, clock: Clock = course_clock) -> None:
        if seconds < 0:
            raise ValueError(
                f"Throttle needs seconds of 0 or more, got {seconds}: try 0.05."
            )
        self.seconds = seconds
        self._clock = clock
        self._held: list[str] = []
        self._next = float("-inf")

    def __repr__(self) -> str:
        return f"Throttle(seconds={self.seconds})"

    def push(self, text: str) -> str:
        """Take text; return all that is held if the last update is long enough ago."""
        self._held.append(text)
        if text and (now := self._clock.now()) >= self._next:
            self._next = now + self.seconds
            return self.flush()
        return ""

    def flush(self) -> str:
        """Return what is held."""
        rest = "".join(self._held)
        self._held = []
        return rest
