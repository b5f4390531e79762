"""What mkdocs does while it builds the site: the command line's own help, and formulas as MathML, in notebooks, too.

mkdocs build --strict
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

COMMAND_LINE = "<!-- the command line's help -->"
#: Fenced code is left alone; then $$…$$ and $…$ in one line are formulas.
CODE_OR_FORMULA = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$\n]+)\$", re.DOTALL
)
#: In the page of a notebook: what is no text, and formulas as above.
NO_TEXT_OR_FORMULA = re.compile(
    r"(?P<code><(?P<tag>script|style|pre|code)\b.*?</(?P=tag)>|<[^>]*>)"
    r"|\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$<]+)\$",
    re.DOTALL,
)
#: Programs that would be loaded from elsewhere: for formulas, which are in MathML already, and for diagrams.
LOADING = re.compile(r"<script\b(?:(?!</script>).)*?(?:mathjax|mermaid)(?:(?!</script>).)*</script>", re.DOTALL | re.I)


def on_page_content(text: str, /, page: Any, **_: Any) -> str:
    """The page of a notebook with its formulas in MathML; it loads nothing from elsewhere, as no other page does."""
    if not page.file.src_uri.endswith(".ipynb"):
        return text
    return NO_TEXT_OR_FORMULA.sub(lambda match: _formula(match, unescape=True), LOADING.sub("", text))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with the commands' help filled in and its formulas in MathML, which browsers show without a script."""
    if COMMAND_LINE in markdown:
        markdown = markdown.replace(COMMAND_LINE, "\n".join(command_line_help()))
    return CODE_OR_FORMULA.sub(_formula, markdown)


def command_line_help() -> Iterator[str]:
    """A section for each command, as the program itself explains it."""
    import typer

    from homotopy_lcn.cli.common import PROGRAM
    from homotopy_lcn.cli.program import application

    root = typer.main.get_command(application())
    yield from _sections(root, PROGRAM, None)


def _sections(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.make_context(name.rpartition(" ")[2], ["--help"], parent=parent, resilient_parsing=True)
    yield f"## `{name}`\n\n```text\n{command.get_help(context)}\n```\n"
    for child, below in sorted(getattr(command, "commands", {}).items()):
        yield from _sections(below, f"{name} {child}", context)


def _formula(match: re.Match[str], unescape: bool = False) -> str:
    from latex2mathml.converter import convert as converted

    def convert(formula: str, **options: str) -> str:
        return converted(html.unescape(formula) if unescape else formula, **options)

    if match["code"] is not None:
        return match["code"]
    if match["display"] is not None:
        # Wider than a phone: it scrolls in itself.
        return f"<div style='overflow-x: auto'>{convert(match['display'].strip(), display='block')}</div>"
    return f"<span>{convert(match['inline'])}</span>"  # a line that begins with <math would be a paragraph of its own
