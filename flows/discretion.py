"""What a log may hold of a fault that met a letter: where it happened, never what it quotes."""

from __future__ import annotations

import traceback

from flows.letters.errors import DubanError, LetterError


def trace_of(fault: BaseException) -> str:
    """The fault's kind, and the places in our code it came through.

    Its message only where we wrote it ourselves and it is about the world: others quote the letter or its file's name,
    which nobody may read in a log before it is known that the letter is open.
    """
    is_ours = isinstance(fault, DubanError) and not isinstance(fault, LetterError)
    message = f": {fault}" if is_ours else ""
    places = "".join(traceback.format_tb(fault.__traceback__))
    return f"{type(fault).__name__}{message}\n{places}".rstrip()
