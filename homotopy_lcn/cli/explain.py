"""The command ``explain``."""

from __future__ import annotations

from typing import Annotated

from ..errors import InputError
from .common import DONE, show
from .declarations import Argument
from .option_names import options_named

__all__ = ["explain"]


def explain(
    words: Annotated[
        list[str] | None,
        Argument(metavar="WORD", help="A word of a result, as in attained.", show_default=False),
    ] = None,
) -> int:
    """Explain words of the tables and summaries.

    Without a word, list all of them.
    """
    from rich.text import Text

    from ..display.glossary import GLOSSARY, explanation, known_word

    if not words:
        show(Text(", ".join(GLOSSARY)))
        return DONE
    with options_named({"word": "WORD"}):
        try:
            found = [known_word(" ".join(words))]
        except InputError:
            if len(words) == 1:
                raise
            found = [known_word(word) for word in words]
    for word in found:
        show(Text.assemble((word, "bold"), ": ", explanation(word)))
    return DONE
