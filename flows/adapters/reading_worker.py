"""The program of a reader process: takes a file on stdin, answers on stdout, lives within limits it sets itself.

It answers in JSON, never in pickle: what native code made of a hostile file must not become code in the parent.
"""

from __future__ import annotations

import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any

from flows.adapters.reading_pool import read_frame, write_frame
from flows.letters.errors import LetterError, UnreadableLetter
from flows.letters.reading import preload, read

Job = Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]


def main() -> None:
    """``python -m flows.adapters.reading_worker ROLE MEMORY CPU_SECONDS``; ends with its stdin."""
    role, memory, cpu_seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not land among the answers
    jobs: dict[str, Callable[[], Job]] = {"read": lambda: _reading, "recognise": _Recognising}
    job = jobs[role]()
    preload()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    write_frame(answers, {"ready": role})
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + cpu_seconds, hard))
        _answer(answers, job, *frame)


def _answer(answers: IO[bytes], job: Job, fields: dict[str, Any], blob: bytes) -> None:
    name, picture = str(fields.get("name")), b""
    try:
        answer, picture = job(fields, blob)
    except LetterError as fault:
        facts = {key: value for key, value in fault.facts.items() if isinstance(value, str | int | float)}
        answer = {"error": type(fault).__name__, "message": fault.message, "facts": facts}
    except MemoryError:
        answer = _refusal(name, "needs more memory than a letter may take; send the letter alone", "memory limit")
    except RecursionError:
        answer = _refusal(name, "nested deeper than any letter; ask for another copy", "nested")
    except Exception as fault:  # the border of the process: whatever a library throws at a broken file stops this file
        answer = _refusal(name, f"the reader failed ({type(fault).__name__}: {fault})", "failure")
        answer["facts"]["trace"] = traceback.format_exc(limit=-8)[-2000:]
    write_frame(answers, answer, picture)


def _refusal(name: str, message: str, found: str) -> dict[str, Any]:
    return {"error": UnreadableLetter.__name__, "message": f"{name}: {message}", "facts": {"found": found}}


def _reading(fields: dict[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
    """Reads the file, or draws a page of it, or strips of that page, where they are asked for."""
    if "page" not in fields:
        return {"source": asdict(read(blob, fields["name"]))}, b""
    from flows.letters.reading.pictures import STRIP_WIDTH, marked, picture_of, strips

    if "strips" not in fields:
        return {}, marked(picture_of(blob, fields["name"], fields["page"]), fields["boxes"])
    picture = picture_of(blob, fields["name"], fields["page"], width=STRIP_WIDTH)
    made = strips(picture, fields["strips"], fields["covers"], fields["quarters"])
    return {"sizes": [len(one) for one in made]}, b"".join(made)


class _Recognising:
    """Recognises one page of the file it holds."""

    def __init__(self) -> None:
        from flows.adapters.recogniser import RapidRecogniser

        self._engine = RapidRecogniser()
        self._file = b""

    def __call__(self, fields: dict[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
        from flows.letters.reading.pictures import picture_of

        if blob:
            self._file = blob
        picture = picture_of(self._file, fields["name"], fields["page"])
        return {"page": asdict(self._engine.recognise(picture))}, b""


if __name__ == "__main__":
    main()
