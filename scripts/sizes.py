"""Print how long functions and modules are, beside the codebases that we hold up as models."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

_SHOWN = 5


def main() -> None:
    """Report, never gate."""
    modules = {path: path.read_text() for path in sorted(Path("src").rglob("*.py"))}
    functions = [entry for path, text in modules.items() for entry in _functions(path, text)]
    files = [(len(text.splitlines()), str(path)) for path, text in modules.items()]
    print(f"{'lines of code':24}{'median':>8}{'p90':>8}{'p99':>8}{'longest':>9}")
    _row("functions", [size for size, _ in functions])
    _row("modules", [size for size, _ in files])
    print("models: functions 6-13 (median), 22-49 (p90)")
    for found in (functions, files):
        for size, where in sorted(found, reverse=True)[:_SHOWN]:
            print(f"{size:6}  {where}")


def _functions(path: Path, text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.end_lineno - node.lineno + 1, f"{path}:{node.lineno} {node.name}"


def _row(what: str, sizes: list[int]) -> None:
    cuts = statistics.quantiles(sizes, n=100)
    print(f"{what:24}{statistics.median(sizes):8.0f}{cuts[89]:8.0f}{cuts[98]:8.0f}{max(sizes):9}")


if __name__ == "__main__":
    main()
