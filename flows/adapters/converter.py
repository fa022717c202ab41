"""Turns RTF and very old Word files into DOCX with LibreOffice, where the machine has it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from flows.letters.errors import UnreadableLetter

_PROGRAMS = ("soffice", "libreoffice")
_PLACES = ("/usr/bin", "/usr/local/bin", "/opt/libreoffice/program", "/usr/lib/libreoffice/program")
_SECONDS = 90.0
_SUFFIXES = {"rtf": ".rtf", "doc": ".doc"}


def available() -> dict[str, str | None]:
    """Each optional converter and where it is, None where the machine lacks it."""
    return {"LibreOffice": _libreoffice()}


def _libreoffice() -> str | None:
    places = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    return next((found for name in _PROGRAMS if (found := shutil.which(name, path=places))), None)


def to_docx(data: bytes, kind: str, name: str) -> bytes:
    """The letter as DOCX; ``kind`` is "rtf" or "doc".

    ``UnreadableLetter`` where LibreOffice is absent (saying what to install), takes too long or gives nothing.
    """
    program = _libreoffice()
    if program is None:
        raise UnreadableLetter(
            f"{name}: {kind.upper()} of this kind needs LibreOffice, which this machine lacks: install"
            " libreoffice-writer-nogui, or save the letter as DOCX and drop it again",
            converter=kind,
        )
    with tempfile.TemporaryDirectory(prefix="duban-convert-") as folder:
        source = Path(folder, "letter" + _SUFFIXES[kind])
        source.write_bytes(data)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        options = ["--headless", "--norestore", "--convert-to", "docx", "--outdir", folder]
        _run([program, profile, *options, str(source)], name)
        made = source.with_suffix(".docx")
        if not made.exists():
            raise UnreadableLetter(f"{name}: LibreOffice could not convert it; ask the sender for DOCX or PDF")
        return made.read_bytes()


def _run(command: list[str], name: str) -> None:
    """LibreOffice starts children of its own: the whole group ends with it."""
    process = subprocess.Popen(  # noqa: S603 - fixed program, file names of our own
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        process.wait(timeout=_SECONDS)
    except subprocess.TimeoutExpired as fault:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise UnreadableLetter(
            f"{name}: LibreOffice took more than {_SECONDS:g} s; ask the sender for DOCX or PDF", found="timeout"
        ) from fault
