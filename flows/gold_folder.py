"""A folder of annotated letters: NAME.gold.json beside NAME.<any format>, and NAME.clean.txt where noise cuts sentences."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.adapters.reading_process import read_file
from flows.letters.agencies import Directory
from flows.letters.errors import LetterError, RulesError
from flows.letters.evaluation import GoldLetter
from flows.letters.mending import mend
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.stance import Weights
from flows.letters.understanding import understand

_GOLD = ".gold.json"
_CLEAN = ".clean.txt"
# A gold letter is measured on what it says, not on when it came.
_RECEIVED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Example:
    """An annotated letter and the file it arrived as."""

    gold: GoldLetter
    file: Path


def examples(folder: Path) -> list[Example]:
    """Every example of the folder, by name.  ``RulesError`` names each that has no letter or no proper annotation."""
    found, faults = [], []
    for gold_file in sorted(folder.glob(f"*{_GOLD}")):
        name = gold_file.name.removesuffix(_GOLD)
        letters = [f for f in sorted(folder.glob(f"{name}.*")) if not f.name.endswith((_GOLD, _CLEAN))]
        try:
            told = json.loads(gold_file.read_text("utf-8"))
            header, statements = told["header"], told["statements"]
        except (ValueError, KeyError) as fault:
            faults.append(f"{gold_file}: no annotation in it ({fault!r})")
            continue
        if not letters:
            faults.append(f"{gold_file}: there is no letter {name}.* beside it")
            continue
        found.append(Example(GoldLetter(name, header, statements, _text(folder, name, letters[0])), letters[0]))
    if faults:
        raise RulesError("the gold folder is wrong:\n" + "\n".join(faults))
    return found


def _text(folder: Path, name: str, letter: Path) -> str:
    """The letter as a careful person reads it: its clean text, else its own text, else what the reader makes of it."""
    clean = folder / f"{name}{_CLEAN}"
    if clean.exists():
        return clean.read_text("utf-8")
    if letter.suffix == ".txt":
        return letter.read_text("utf-8")
    return mend(read_file(letter.read_bytes(), letter.name)).text


def understood(
    example: Example, directory: Directory, site: SiteProfile, weights: Weights | None = None
) -> tuple[dict[str, Any] | None, str]:
    """The record the program makes of the example's letter, or None and why."""
    data = example.file.read_bytes()
    original = Original(example.file.name, hashlib.sha256(data).hexdigest(), len(data), "", _RECEIVED)
    try:
        return understand(read_file(data, example.file.name), original, directory, site, weights=weights).record, ""
    except LetterError as fault:
        return None, f"{fault.code}: {fault}"


def directories(folder: Path, given: tuple[Path, ...]) -> Directory:
    """The directory to read the examples with: the files given, else every agencies*.toml of the folder."""
    files = given or tuple(sorted(folder.glob("agencies*.toml")))
    if not files:
        raise RulesError(f"{folder} holds no agencies*.toml; name the agency directory with --agencies")
    return Directory.load(*files)


def add(folder: Path, record: Mapping[str, Any], letter: Path) -> Path:
    """Keep a reviewer's corrected record as an example of the folder; the annotation's path comes back.

    The letter's file is copied as it is; where it is no plain text, its text as read stands beside it.
    ``RulesError`` where a statement's words do not stand in the letter.
    """
    data = letter.read_bytes()
    text = mend(read_file(data, letter.name)).text
    squashed = "".join(text.split())
    strange = [s["text"] for s in record["statements"] if "".join(s["text"].split()) not in squashed]
    if strange:
        raise RulesError(f"{letter.name} does not say: " + "; ".join(strange))
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"letter": letter.name, "header": dict(record["header"]), "statements": list(record["statements"])}
    _write(folder / letter.name, data)
    _write(folder / f"{letter.stem}{_CLEAN}", text.encode("utf-8"))
    annotation = folder / f"{letter.stem}{_GOLD}"
    _write(annotation, (json.dumps(kept, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    return annotation


def _write(path: Path, data: bytes) -> None:
    """The whole file or none of it."""
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(data)
    os.replace(aside, path)
