"""What the cells of a notebook hold: code as Python sees it, and what it showed."""

import ast

from nbformat import NotebookNode


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that are read."""
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell, if any."""
    return list(cell.metadata.get("tags", []))


def compared_text(output: NotebookNode) -> str:
    """What nbval compares of an output: streams, errors and every text; no picture."""
    data = output.get("data", {})
    texts = [text for kind, text in data.items() if kind.startswith("text/")]
    texts = [text for text in texts if not text.startswith("<Figure size")]
    return "".join([output.get("text", ""), output.get("evalue", ""), *texts])


def tree_of(cell: NotebookNode) -> ast.Module:
    """The cell's code as Python sees it; nothing for a wrong one shown on purpose."""
    try:
        return ast.parse(cell.source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def calls(tree: ast.AST, name: str) -> int:
    """How often `name(...)` or `something.name(...)` is called."""
    functions = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return [getattr(f, "id", getattr(f, "attr", "")) for f in functions].count(name)


def print_loops(notebook: NotebookNode) -> int:
    """How many loops print as they go, which `show` does better."""
    loops = ast.For | ast.AsyncFor | ast.While
    nodes = [n for cell in code_cells(notebook) for n in ast.walk(tree_of(cell))]
    return sum(isinstance(n, loops) and calls(n, "print") > 0 for n in nodes)


def imported(notebook: NotebookNode) -> set[str]:
    """The top names of all modules that the notebook imports."""
    names = set()
    for node in (n for c in code_cells(notebook) for n in ast.walk(tree_of(c))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def gives_away(notebook: NotebookNode, solution: str, stub_id: str) -> list[str]:
    """The ids of cells that show this solution.

    A cell shows it if four lines in a row of its body are there (of a shorter body,
    all of it) and are not in the stub, which may be code to mend.
    """
    body = lines(ast.parse(solution))[1:]
    size = min(4, len(body))
    runs = {"\n".join(body[i : i + size]) for i in range(len(body) - size + 1)}
    stub = "".join(shown(cell) for cell in notebook.cells if cell.id == stub_id)
    runs = {run for run in runs if run not in stub} or {"\n".join(body)}
    return [c.id for c in notebook.cells if any(run in shown(c) for run in runs)]


def shown(cell: NotebookNode) -> str:
    """A cell's code and outputs, one line under the other without indentation."""
    code = lines(tree_of(cell)) if cell.cell_type == "code" else []
    texts = [compared_text(output) for output in cell.get("outputs", [])]
    rest = "\n".join(texts if code else [cell.source, *texts]).splitlines()
    return "\n".join(code + [line.strip() for line in rest if line.strip()])


def lines(tree: ast.AST) -> list[str]:
    """The code's lines, without comments, docstrings and indentation."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and is_text(body[0]):
            body.pop(0)
    return [line.strip() for line in ast.unparse(tree).splitlines() if line.strip()]


def is_text(node: ast.AST) -> bool:
    """Whether this statement is nothing but a string, as a docstring is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
