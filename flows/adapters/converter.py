"""Turns RTF and very old Word files into DOCX with LibreOffice, where the machine has it.

It is given a profile of its own that runs no macro and follows no link, limits of memory, CPU and file size, no network
where the kernel allows that, and an environment without our settings; it ends with all its children, and with us.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from functools import cache
from pathlib import Path

from flows.letters.errors import UnreadableLetter

_PROGRAMS = ("soffice", "libreoffice")
_PLACES = ("/usr/bin", "/usr/local/bin", "/opt/libreoffice/program", "/usr/lib/libreoffice/program")
_SECONDS = 90.0
_SUFFIXES = {"rtf": ".rtf", "doc": ".doc"}
_FILTERS = {"rtf": ("--infilter=Rich Text Format",), "doc": ()}  # for .doc it must find out which Word wrote it
_MEMORY, _FILE, _CPU = 2**30, 200 * 2**20, 60
# All three are part of util-linux, which every Debian has.
_LIMITS = ("prlimit", f"--as={_MEMORY}", f"--fsize={_FILE}", f"--cpu={_CPU}", "--core=0")
_CUT_OFF = ("setpriv", "--pdeathsig", "KILL", "unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")
_ITEM = '<item oor:path="/org.openoffice.Office.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'
_PROFILE = "".join(
    (
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">',
        _ITEM.format("Common/Security/Scripting", "MacroSecurityLevel", 3),
        _ITEM.format("Common/Security/Scripting", "DisableMacrosExecution", "true"),
        _ITEM.format("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
        _ITEM.format("Writer/Content/Update", "Link", 0),
        "</oor:items>",
    )
)
_TURN = threading.BoundedSemaphore(1)  # one takes 200 MB and a core for two seconds


def available() -> dict[str, str | None]:
    """Each optional converter, where it is and whether it is cut off from the network; None where it cannot be used."""
    program = _libreoffice()
    if program is None:
        return {"LibreOffice": None}
    return {"LibreOffice": f"{program} ({'cut off from the network' if _can_be_cut_off() else 'no network namespaces here'})"}


def _libreoffice() -> str | None:
    """Without the program that limits it, it is as good as absent."""
    if _tool(_LIMITS[0]) is None:
        return None
    return next((found for name in _PROGRAMS if (found := _tool(name))), None)


def _tool(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))


@cache
def _can_be_cut_off() -> bool:
    """Whether the kernel lets us make a namespace without a network; many containers may not."""
    try:
        tried = subprocess.run([*_CUT_OFF, "true"], capture_output=True, timeout=10, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


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
    with _TURN, tempfile.TemporaryDirectory(prefix="duban-convert-") as folder:
        source = Path(folder, "letter" + _SUFFIXES[kind])
        source.write_bytes(data)
        profile = Path(folder, "profile", "user", "registrymodifications.xcu")
        profile.parent.mkdir(parents=True)
        profile.write_text(_PROFILE, "utf-8")
        _run([*_command(program, folder), *_FILTERS[kind], str(source)], folder, name)
        made = source.with_suffix(".docx")
        if not made.exists():
            raise UnreadableLetter(f"{name}: LibreOffice could not convert it; ask the sender for DOCX or PDF")
        return made.read_bytes()


def _command(program: str, folder: str) -> list[str]:
    options = ("--headless", "--norestore", "--nolockcheck", "--nodefault", "--convert-to", "docx", "--outdir", folder)
    around = [*_CUT_OFF, *_LIMITS] if _can_be_cut_off() else list(_LIMITS)
    return [*around, program, f"-env:UserInstallation=file://{folder}/profile", *options]


def _run(command: list[str], folder: str, name: str) -> None:
    """LibreOffice starts children of its own: the whole group ends with it."""
    environment = {"PATH": os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]), "HOME": folder, "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - fixed program, file names of our own
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,
        cwd=folder,
    )
    try:
        process.wait(timeout=_SECONDS)
    except subprocess.TimeoutExpired as fault:
        raise UnreadableLetter(
            f"{name}: LibreOffice took more than {_SECONDS:g} s; ask the sender for DOCX or PDF", found="timeout"
        ) from fault
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Everything of the group, also what a program that came to its end has left behind."""
    with contextlib.suppress(ProcessLookupError):  # nothing is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
