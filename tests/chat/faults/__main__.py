"""Breaks everything once, and writes down what came of it: `docs/bad_day.md`."""

import sys

from playwright.sync_api import sync_playwright

from tests.support.servers.chat import ROOT


def main() -> None:
    """Each row in turn; one that surprises has a mark."""
    sys.path.insert(0, str(ROOT / "notebooks"))  # where pytest finds the chat, too
    from tests.browser.conftest import CHROMIUM
    from tests.chat.faults.behind import BEHIND
    from tests.chat.faults.rows import ROWS
    from tests.chat.faults.scene import scene
    from tests.chat.faults.table import PAGE, page_of

    outcomes = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        with scene(browser) as place:
            for row in ROWS:
                outcomes.append((row.fault, place.play(row.act)))
                sign = " " if outcomes[-1][1] == row.expected else "!"
                print(sign, row.fault, outcomes[-1][1], flush=True)
    behind = [(row, row.flow(), row.cut()) for row in BEHIND]
    PAGE.write_text(page_of(outcomes, behind), "utf-8")


if __name__ == "__main__":
    main()
