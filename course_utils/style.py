"""The look that widgets and pictures share: four colours, one ink, one callout.

Each colour passes 3:1 on JupyterLab's white and on its near-black page. Colour only
marks: a sign and a word always stand with it. Sizes come from JupyterLab's own theme.

    callout("✓", "Correct.", "Well done.", GREEN)
"""

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, PINK)

TEXT = (
    "max-width: 42em; color: var(--jp-content-font-color1, inherit); "
    "font-family: var(--jp-content-font-family, sans-serif); "
    "font-size: var(--jp-content-font-size1, 14px); line-height: 1.6"
)
# Without it Lab would typeset "$5 to $10" as a formula.
DIV = 'div class="mathjax_ignore"'
QUIET = "color: var(--jp-content-font-color2, inherit)"


def bar(colour: str) -> str:
    """The style of a block with a coloured bar at its left."""
    return f"border-left: 3px solid {colour}; padding: 0.1em 0.75em; {TEXT}"


def callout(sign: str, word: str, html: str, colour: str) -> str:
    """A message with a bar, a sign and a word: what a learner is told, as HTML.

    `html` goes in as it is: escape text before. Screen readers announce it.

    >>> "<b>✓ Correct.</b> Well done." in callout("✓", "Correct.", "Well done.", GREEN)
    True
    """
    head = f"<b>{sign} {word}</b>"
    return f'<{DIV} role="status" style="{bar(colour)}">{head} {html}</div>'
