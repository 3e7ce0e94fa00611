"""Texts on which a Markdown reader may lose itself, about 10 kB each.

Own versions of the kinds that cmark keeps in its tests, and of those which froze the
live view: many beginnings without an end, nests, and rows that fill themselves up.
"""

SIZE = 10_000


def filled(piece: str, end: str = "") -> str:
    return piece * (SIZE // len(piece)) + end


def counted(piece: str) -> str:
    """Pieces with a number in each: no two are alike."""
    pieces = (piece.format(n) for n in range(SIZE))
    text = ""
    while len(text) < SIZE:
        text += next(pieces)
    return text


KINDS = {
    "half-open intervals": counted("[{0}, {0}0), "),
    "open brackets": filled("["),
    "open images": filled("!["),
    "images in links": filled("[![", "a"),
    "brackets with words": filled("[a] "),
    "closed nests of brackets": "[" * (SIZE // 2) + "a" + "]" * (SIZE // 2),
    "links in links": "[" * 2500 + "a" + "](b)" * 1800,
    "links without an end": filled("[a]("),
    "targets without an end": filled("[a](<b"),
    "titles without an end": filled("[a](b 'c"),
    "parentheses in a target": "[a](" + "(" * SIZE,
    "references": counted("[a{0}]: https://a.example/{0}\n"),
    "uses of a reference": filled("[a][b] ") + "\n\n[b]: https://a.example",
    "footnotes": counted("[^{0}]: a\n"),
    "stars": filled("*a "),
    "underscores": filled("_a "),
    "double stars": filled("**a "),
    "stars inside words": filled("a**b"),
    "stars of two lengths": filled("*a **a "),
    "stars and underscores": filled("*_"),
    "closing stars only": filled("a* "),
    "stars in brackets": filled("*a[") + "]*",
    "nested emphasis": "*a **b " * 700 + "c** d* " * 700,
    "strikes": filled("~~a "),
    "a long row of stars": "*" * SIZE,
    "backticks of every length": "".join("`" * n + "x" for n in range(1, 140)),
    "two backticks, one": filled("`a``b"),
    "fences": filled("```\n"),
    "fences of two kinds": filled("```\n~~~\n"),
    "quotes": filled(">"),
    "quotes with blanks": filled("> ", "a"),
    "a quote and lazy lines": "> " * 100 + "a\n" + "a\n" * (SIZE // 2),
    "quotes that deepen": "".join("> " * n + "a\n" for n in range(1, 100)),
    "lists in one line": filled("- "),
    "numbers in one line": filled("1. "),
    "lists that deepen": "".join("  " * n + "- a\n" for n in range(100)),
    "quotes in lists": filled("- > ", "a"),
    "a long list": counted("- item {0}\n"),
    "a long numbered list": "".join(f"{n}. item\n" for n in range(1, 1000)),
    "a long list of tasks": filled("- [ ] a\n"),
    "a long loose list": filled("- a\n\n"),
    "blank lines in a list": "- a\n" + "\n" * SIZE + "b",
    "a long table": "| a | b |\n|---|---|\n" + filled("| 1 | 2 |\n"),
    "a wide table": "|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|\n" * 1000,
    "a table that fills itself": "|a" * 50 + "\n" + "|-" * 50 + "\n" + filled("|\n"),
    "heads of tables": filled("|a|b|\n"),
    "pipes": filled("|"),
    "headings": filled("# "),
    "underlined lines": filled("a\n") + "=",
    "lines of dashes": filled("---\n"),
    "paragraphs": filled("a\n\n"),
    "one long line": filled("word "),
    "one long word": filled("a"),
    "entities": filled("&amp;"),
    "half entities": filled("&"),
    "numbers of letters": filled("&#"),
    "backslashes": filled("\\"),
    "lesser signs": filled("<"),
    "half tags": filled("<br"),
    "comments": filled("<!--"),
    "breaks": filled("a<br>"),
    "addresses": filled("https://a"),
    "addresses with brackets": filled("http://a("),
    "colons": filled("http:"),
    "mail": filled("a@b."),
    "dollars": filled("$"),
    "prices": filled("$5 "),
    "formulas": filled("$a*b$ "),
    "half formulas": filled("\\("),
    "half displays": filled("\\[\n"),
    "displays": filled("$$\n"),
    "a tall display": "$$\n" + "a\n" * (SIZE // 2),
    "Chinese bold": filled("**中文。**"),
    "half Chinese bold": filled("**中文。"),
    "zeros": filled("\0"),
    "overrides": filled("\u202ea"),
    "returns": filled("a\r"),
    "tabs": filled("\t"),
    "code": "```python\n" + filled("x = [1, 'two']  # three\n"),
    "code in one line": "```python\n" + filled("a1 + "),
    "quotes in code": "```python\n" + filled('"\\'),
    "long quotes in code": "```python\n" + filled('"""'),
}

# What models write at length: of these only the last parts are read again.
LONG_BLOCKS = {
    "a tight list": counted("- item {0} of many\n"),
    "a loose list": counted("- item {0} of many\n\n"),
    "a numbered list": counted("{0}. item of many\n"),
    "a list of tasks": counted("- [ ] item {0}\n"),
    "a list of lists": counted("- item {0}\n  - under it\n"),
    "a list with quotes": counted("- item {0}\n  > said\n"),
    "a table": "| a | b |\n|---|---|\n" + counted("| {0} | two |\n"),
    "a program": "```python\n" + counted("x = {0}  # note\n"),
    "programs": counted("```\nx = {0}\n```\n\n"),
    "paragraphs": counted("Words of number {0}.\n\n"),
    "headings": counted("# Title {0}\n\n"),
    "quotes": counted("> said {0}\n\nWords.\n\n"),
}
# Blocks inside of one block, or one without an end: all of it is read again.
NESTED_BLOCKS = {
    "a list in a list": "- top\n" + counted("  - item {0} of many\n"),
    "a quote of paragraphs": counted("> line {0} of many\n>\n"),
    "a list in a quote": counted("> - item {0} of many\n"),
    "a table in a quote": "> | a | b |\n> |---|---|\n" + counted("> | {0} | two |\n"),
    "a program in a quote": "> ```\n" + counted("> x = {0}\n"),
    "one paragraph": counted("Words of number {0}. "),
}
