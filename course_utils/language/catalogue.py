"""A gettext catalogue (a .po file) as pairs of texts: what it is in English, and here.

Translators know the format and its editors. Python's own `gettext` reads only what is
compiled from it, and a compiled file cannot be reviewed.

    read_entries(Path("de/package.po").read_text("utf-8"))["Correct."]
"""

import re
from ast import literal_eval

# A field and its strings, one a line; comments and obsolete entries begin with `#`.
FIELD = re.compile(r'^(msgid|msgstr) ((?:".*"(?:\n|\Z))+)', re.MULTILINE)
FUZZY = re.compile(r"^#,.*\bfuzzy\b", re.MULTILINE)


def read_entries(catalogue: str) -> dict[str, str]:
    r"""The translated texts of a catalogue, by the English one.

    Left out is what is not translated yet, and what is marked `fuzzy`, since its
    English has changed.

    >>> read_entries('msgid "Nothing "\n"came."\nmsgstr "Es kam nichts."\n')
    {'Nothing came.': 'Es kam nichts.'}
    """
    entries = {}
    for block in catalogue.replace("\r\n", "\n").split("\n\n"):
        fields = {name: _joined(strings) for name, strings in FIELD.findall(block)}
        text, here = fields.get("msgid"), fields.get("msgstr")
        if text and here and not FUZZY.search(block):
            entries[text] = here
    return entries


def _joined(strings: str) -> str:
    return "".join(literal_eval(line) for line in strings.splitlines())
