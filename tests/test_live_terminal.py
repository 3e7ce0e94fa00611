"""A stream in a terminal: readable, and unable to steer it."""

from course_utils.live_terminal import Terminal, printable

CALL = [("open", "tool_call", "weather"), ("add", 1, '{"city": "Bern"}')]


def test_a_title_comes_first_and_tool_calls_have_lines_of_their_own():
    terminal = Terminal("answer")
    said = terminal.text([("open", "text", ""), ("add", 0, "Let me look.")])
    said += terminal.text(CALL)
    said += terminal.text([("open", "text", ""), ("add", 2, "Mild.")])
    assert said == 'answer\nLet me look.\n→ weather {"city": "Bern"}\nMild.'


def test_a_replaced_text_is_marked():
    terminal = Terminal("")
    terminal.text([("open", "text", ""), ("add", 0, "Wrong.")])
    said = terminal.text(
        [("strike", 0, ""), ("open", "text", ""), ("add", 1, "Right.")]
    )
    assert said == "\n[replaced: the text above]\nRight."


def test_no_control_character_reaches_the_terminal():
    codes = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
    kept = {char for char in printable(codes) if char in codes}
    assert kept == {"\t", "\n"}
    assert "\x1b" not in Terminal("\x1b]0;x\x07").text([("open", "text", "")])
