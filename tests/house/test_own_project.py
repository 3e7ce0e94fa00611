"""The page for your own project: its test file runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/own_project.md"


def test_the_test_file_on_the_page_passes_and_finds_an_app_that_hides_a_cut(
    tmp_path: Path,
) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert "4 passed" in _pytest(tmp_path, code)
    hopeful = (
        "async def hopeful(stream):\n"
        "    from course_utils.serving import Event\n"
        "    async for chunk in stream:\n"
        "        if chunk.text:\n"
        "            yield Event('text')\n"
        "    yield Event('done')\n\n\n"
    )
    wrong = hopeful + code.replace("return sse_events", "return hopeful")
    assert "2 failed, 2 passed" in _pytest(tmp_path, wrong)


def _pytest(folder: Path, code: str) -> str:
    (folder / "test_streaming.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120
    ).stdout
