"""Write docs/clients.md: which clients work with the fake server, and what a cut is.

python -m benchmarks.clients                   # all, about ten minutes
python -m benchmarks.clients openai_chat       # print the rows of these alone
"""

import sys
from pathlib import Path

from benchmarks.clients.run import HERE, Program, run, version

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
KINDS = {"python": "Python", "node": "Node", "shell": "Shell"}
FAULTS = {"cut": {"cut_after": 4}, "reset": {"drop_after": 4}}
HEAD = """# Clients that were tried on the fake server

Made by `python -m benchmarks.clients`. Each program of `benchmarks/clients/` runs three
times against `FakeServer`, in an environment of its own with the newest version of
its client, and without a key. None of the clients knows that the server is a fake.

- **Whole**: the answer arrives as it was sent. Where the client has tools, the model
  first calls one and then answers from its result.
- **Cut**: after four words the body ends tidily, with no finish reason and no `[DONE]`,
  as behind a proxy that gives up.
- **Reset**: after four words the connection breaks.

The last two columns are what the *client* says, with its own defaults. **Silence**
means half an answer, exit status 0 and no error: there your own code has to ask whether
the answer was whole.
"""


def programs() -> list[Program]:
    """All programs, by kind and name."""
    return [
        Program(file)
        for kind in KINDS
        for file in sorted((HERE / kind).iterdir())
        if file.is_file()
    ]


def row(program: Program) -> str:
    """One line of the table."""
    whole = run(program, {})
    cells = [program.title, version(program), whole.verdict]
    for fault in FAULTS.values():
        found = run(program, fault)
        again = found.asked - whole.asked
        often = f" (asked {again + 1} times)" if again > 0 else ""
        cells.append(found.verdict + often)
    told = (cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells)
    return f"| {' | '.join(told)} |"


def page(made: dict[str, list[str]]) -> str:
    """The whole page, from the rows of each kind."""
    parts = [HEAD]
    columns = (
        "| Client | Version | Whole | Cut | Reset |\n| --- | --- | --- | --- | --- |"
    )
    for kind, name in KINDS.items():
        parts.append("\n".join([f"## {name}\n", columns, *made[kind], ""]))
    return "\n".join(parts)


def rows(names: list[str]) -> dict[str, list[str]]:
    """A row for each program; those that are not named stay as the page has them."""
    had = PAGE.read_text("utf-8").splitlines() if names else []
    made: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for program in programs():
        old = [line for line in had if line.startswith(f"| {program.title} |")]
        if old and program.file.stem not in names:
            made[program.kind] += old
        else:
            made[program.kind].append(row(program))
            print(made[program.kind][-1], flush=True)
    return made


if __name__ == "__main__":
    PAGE.write_text(page(rows(sys.argv[1:])), "utf-8")
