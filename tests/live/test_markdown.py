"""The Markdown that models write: what the saved page shows of it."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from course_utils.live.markdown import markdown_html, true_host, visible
from tests.support.pathological import KINDS

ROOT = Path(__file__).parents[2]

# What is written, and what the HTML must hold.
SHOWN = {
    "an open task": ("- [ ] buy", "☐ buy"),
    "a done task": ("1. [x] bought", "☑ bought"),
    "a line break": ("a<br>b<BR/>c", "a<br />\nb<br />\nc"),
    "an entity": ("a &copy; b &amp; &#65;", "a © b &amp; A"),
    "a bare address": ("See https://a.example/b_c_d.", ">https://a.example/b_c_d</a>."),
    "one in bold": ("**https://a.example**", ">https://a.example</a></strong>"),
    "one in brackets": ("(https://a.example/b_(c))", ">https://a.example/b_(c)</a>)"),
    "one in Chinese": ("见https://a.example。好", "https://a.example</a>。好"),
    "one in < >": ("<https://a.example>", ">https://a.example</a>"),
    "bold and a Chinese stop": ("**中文。**后", "<strong>中文。</strong>后"),
    "bold and Japanese quotes": ("これは**「本」**です", "<strong>「本」</strong>"),
    "bold and Korean brackets": ("**한국(KR)**은", "<strong>한국(KR)</strong>은"),
    "a formula": ("Is $a*b$ or $c*d$?", "$a*b$ or $c*d$"),
    "a formula in brackets": (r"\(x_1 * y_1\) and _so_", r"\(x_1 * y_1\) and <em>so"),
    "a display": ("\\[\n- a_1*b\n= c*d\n\\]", "\\[\n- a_1*b\n= c*d\n\\]"),
    "a display of dollars": ("So:\n$$\n# a\n$$", "$$\n# a\n$$"),
    "prices": ("$5 to *$10*", "$5 to <em>$10</em>"),
    "an escaped dollar": (r"\$5 and *a* \$", "$5 and <em>a</em> $"),
    "an override": ("a\u202eb `c\u202e`", "a⟨U+202E⟩b"),
    "prose in a table": ("|a|\n|-|\n|b|", '<td dir="auto" style="text-align:start">b'),
    "figures in a table": ("|a|\n|-:|\n|b|", 'style="text-align:right" dir="auto">b'),
    "a paragraph's side": ("שלום", '<p dir="auto">'),
    "a list's side": ("- שלום", '<ul dir="auto">'),
    "code from the left": ("`a`", '<code dir="ltr">a</code>'),
    "the tenth list": ("- " * 10 + "deep", "<li>deep</li>"),
    "the twentieth quote": ("> " * 20 + "deep", '<p dir="auto">deep</p>'),
    "a hundred quotes": ("> " * 100 + "deep", "deep"),
    "fifty lists": ("- " * 50 + "deep", "deep"),
}


@pytest.mark.parametrize("what", SHOWN)
def test_what_models_write_is_shown(what: str):
    text, shown = SHOWN[what]
    assert shown in markdown_html(text)


def test_two_code_blocks_in_a_row_are_two_boxes_with_a_ground():
    html = markdown_html("```\na\n```\n```\nb\n```")
    assert html.count('<div class="highlight" dir="ltr" style="background:') == 2
    assert html.count("margin:0 0 1em") == 2


HOSTS = [
    ("https://bank.example", "https://evil.example/login"),
    ("bank.example", "https://evil.example"),
    ("bank.example/login", "https://evil.example"),
    ("Log in at bank.example now", "https://evil.example"),
    ("www.bank.example", "https://evil.example"),
    ("https://bank.example", "https://bank.example@evil.example/"),
    ("me@bank.example", "mailto:me@evil.example"),
    ("https://bank.example", "https://bank.example.evil.example"),
]


@pytest.mark.parametrize(("words", "address"), HOSTS)
def test_a_link_that_names_another_host_shows_its_own(words: str, address: str):
    assert "evil.example)" in true_host(words, address)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("the bank", "https://bank.example"),
        ("https://bank.example/index.html", "https://bank.example/index.html"),
        ("bank.example", "https://bank.example/login"),
        ("me@bank.example", "mailto:me@bank.example"),
        ("version 3.14", "https://bank.example"),
    ],
)
def test_a_link_that_names_its_own_host_or_none_is_left_alone(words, address):
    assert true_host(words, address) == ""


def test_no_character_that_turns_a_text_around_is_left():
    turning = "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
    for text in (
        turning,
        f"`{turning}`",
        f"```\n{turning}\n```",
        f"[{turning}](http://a)",
    ):
        assert not set(turning) & set(markdown_html(text))
    assert visible("שלום") == "שלום"


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_holds_the_kernel_for_long(kind: str):
    before = time.process_time()
    markdown_html(KINDS[kind])
    assert time.process_time() - before < 2


def test_the_pages_library_is_small_and_has_its_licences_beside_it():
    assert (ROOT / "course_utils/live/page/library.js").stat().st_size < 200_000
    licences = (ROOT / "course_utils/live/page/library.LICENSES.txt").read_text("utf-8")
    for name in ("markdown-it", "entities", "linkify-it", "mdurl", "uc.micro"):
        assert f"{name} " in licences


@pytest.mark.slow
def test_the_pages_library_is_what_its_command_makes(tmp_path: Path):
    if not shutil.which("npm"):
        pytest.skip("no npm here: page_library/README.md says how the file is made")
    for name in ("package.json", "package-lock.json", "library.js", "build.js"):
        shutil.copy(ROOT / "page_library" / name, tmp_path)
    got = run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], tmp_path)
    if got.returncode:
        pytest.skip("npm reaches no packages here")
    (tmp_path / "made").mkdir()
    made = run(["node", "build.js", "made"], tmp_path)
    assert made.returncode == 0, made.stderr
    for name in ("library.js", "library.LICENSES.txt"):
        committed = (ROOT / "course_utils/live/page" / name).read_bytes()
        assert (tmp_path / "made" / name).read_bytes() == committed, name


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
