"""One root over all packs of a day, and days chained to days: what is changed, removed or added shows.

The tree is that of RFC 6962: leaves and nodes are hashed with different first bytes, so that neither can pass for
the other.  A day's document names every leaf, its root, and the digest of the day before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

SCHEMA = "https://duban.example/schemas/v1/day"


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """One object of the archive: key, SHA-256 (hex) and size."""

    key: str
    sha256: str
    size: int

    @property
    def digest(self) -> bytes:
        content = json.dumps([self.key, self.sha256, self.size], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(b"\0" + content.encode("utf-8")).digest()


@dataclass(frozen=True, slots=True)
class Day:
    """One sealed day: its leaves in the order of their keys, and the day before (None for the first)."""

    day: date
    sealed_at: str
    leaves: tuple[Leaf, ...]
    previous: date | None
    previous_sha256: str | None

    @property
    def root(self) -> str:
        return root([leaf.digest for leaf in self.leaves]).hex()

    def document(self) -> bytes:
        """The day as archived: JSON, the same bytes for the same day."""
        content = {
            "schema": SCHEMA,
            "day": self.day.isoformat(),
            "sealed_at": self.sealed_at,
            "previous": {"day": self.previous.isoformat(), "sha256": self.previous_sha256} if self.previous else None,
            "algorithm": "sha-256, RFC 6962",
            "root": self.root,
            "leaves": [[leaf.key, leaf.sha256, leaf.size] for leaf in self.leaves],
        }
        return (json.dumps(content, ensure_ascii=False, indent=0, sort_keys=True) + "\n").encode("utf-8")


def seal(day: date, leaves: Iterable[Leaf], sealed_at: str, previous: tuple[date, bytes] | None) -> Day:
    """The day over ``leaves``; ``previous`` is the last sealed day and its document."""
    before, document = previous if previous else (None, None)
    digest = hashlib.sha256(document).hexdigest() if document is not None else None
    return Day(day, sealed_at, tuple(sorted(leaves)), before, digest)


def read_day(document: bytes) -> tuple[Day, str]:
    """The day and the root its document states; ``ValueError`` where it is no such document."""
    try:
        content: dict[str, Any] = json.loads(document)
        before = content["previous"]
        day = Day(
            day=date.fromisoformat(content["day"]),
            sealed_at=content["sealed_at"],
            leaves=tuple(Leaf(key, sha256, size) for key, sha256, size in content["leaves"]),
            previous=date.fromisoformat(before["day"]) if before else None,
            previous_sha256=before["sha256"] if before else None,
        )
        return day, content["root"]
    except (KeyError, TypeError, UnicodeDecodeError) as fault:
        raise ValueError(f"not a day's document: {fault!r}") from fault


def root(digests: Sequence[bytes]) -> bytes:
    """The root of the tree; of no leaves, the hash of nothing."""
    if not digests:
        return hashlib.sha256(b"").digest()
    level = list(digests)
    while len(level) > 1:
        pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
