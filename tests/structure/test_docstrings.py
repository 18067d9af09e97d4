"""Every public module, class, function and method says what it is for."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "capexpand"

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_parts(node: Documented, name: str) -> Iterator[tuple[str, Documented]]:
    """Yield a module or class and all that is public in it; what is inside a function is its own affair."""
    yield name, node
    if not isinstance(node, ast.Module | ast.ClassDef):
        return
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in child.decorator_list}
            if not child.name.startswith("_") and not decorators & {"overload", "setter"}:
                yield from public_parts(child, f"{name}.{child.name}")


def undocumented(source: str, name: str) -> list[str]:
    return [part for part, node in public_parts(ast.parse(source), name) if not ast.get_docstring(node)]


def test_everything_public_has_a_docstring():
    missing = [
        part
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name == "__init__.py" or not path.name.startswith("_")
        for part in undocumented(path.read_text("utf-8"), str(path.relative_to(ROOT)))
    ]
    assert not missing


def test_what_lacks_a_docstring_is_named():
    source = (
        '"""A module."""\nclass Plan:\n    """A plan."""\n    def cost(self): ...\n    def _own(self): ...\n'
    )
    assert undocumented(source, "plan") == ["plan.Plan.cost"]
