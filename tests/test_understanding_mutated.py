"""Whatever happens to a letter on its way, it is understood with quotes that stand where they say, or refused."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.letters.agencies import Directory
from flows.letters.errors import NotAReply
from flows.letters.four_properties import wrong_quotes
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.reading import read
from flows.letters.understanding import understand

_DEV = Path(__file__).parent / "letters" / "dev"
_LETTERS = [f.read_text("utf-8") for f in sorted(_DEV.glob("*.txt"))]
_DIRECTORY = Directory.load(_DEV / "agencies.toml")
_MARKS = "（）〔〕【】：:。，;|[]()□《》“”"


def _shuffled(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    chance.shuffle(lines)
    return "\n".join(lines)


_CHANGES: dict[str, Callable[[str, random.Random], str]] = {
    "lines shuffled": _shuffled,
    "characters lost": lambda text, chance: "".join(c for c in text if chance.random() > 0.05),
    "cut out of the middle": lambda text, chance: text[slice(*sorted(chance.choices(range(len(text)), k=2)))] or "某",
    "flattened": lambda text, _: text.replace("\n", ""),
    "another letter behind": lambda text, chance: text + chance.choice(_LETTERS),
    "marks put in": lambda text, chance: "".join(chance.choice(_MARKS) if chance.random() < 0.05 else c for c in text),
    "lines broken anywhere": lambda text, chance: "".join(c + "\n" * (chance.random() < 0.05) for c in text),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_a_damaged_letter_is_understood_or_refused(change: Callable[[str, random.Random], str]) -> None:
    chance = random.Random(11)  # noqa: S311 - the same letters every time, no secret
    understood = 0
    for _ in range(30):
        data = change(chance.choice(_LETTERS), chance).encode("utf-8")
        original = Original("x.txt", hashlib.sha256(data).hexdigest(), len(data), "text/plain", "2024-01-01T00:00:00Z")
        try:
            found = understand(read(data, original.name), original, _DIRECTORY, SiteProfile())
        except NotAReply:
            continue
        assert wrong_quotes(found.record, found.text.text) == []
        understood += 1
    assert understood > 15
