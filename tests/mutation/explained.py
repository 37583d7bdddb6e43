"""Mutants that survive because they change nothing that can be seen, each with the reason.

(file, function, line before, line after), without indentation: line numbers move, these move with the code.
"""

EXPLAINED: dict[tuple[str, str, str, str], str] = {}
