"""The site's profile: what differs from place to place, and what a letter's own marks mean there."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import schemas
from flows.letters.errors import RulesError
from flows.letters.rules.load import load_table


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """One site.

    ``office_code`` (机关代字) is what the numbers of its notices begin with.  ``jurisdiction`` is taken where a letter does
    not show its own; ``outcome_profile`` names a profile of rules/outcomes.toml (None: by the issuer's region);
    ``outcomes`` are the site's own meanings of marks; a commitment below ``review_below`` goes to a person;
    ``default_deadline_months`` is the policy's term where a letter states none (None: no term); ``routing`` are the site's
    routing rows, asked before the shipped ones; ``retention`` are years (or ``permanent``) by letter type, before the
    shipped ones.
    """

    name: str = ""
    office_code: str = ""
    jurisdiction: str | None = None
    outcome_profile: str | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    review_below: float = 0.5
    default_deadline_months: int | None = None
    ledger_ongoing: bool = False
    routing: tuple[Mapping[str, Any], ...] = ()
    retention: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    @classmethod
    def load(cls, source: Path | str | bytes | None = None) -> SiteProfile:
        """The profile of a TOML file or its bytes, the defaults for None; ``RulesError`` lists every fault."""
        if source is None:
            return cls()
        where = "the site profile" if isinstance(source, bytes) else str(source)
        try:
            raw = source if isinstance(source, bytes) else Path(source).read_bytes()
            table = tomllib.loads(raw.decode("utf-8-sig"))
        except OSError as fault:
            raise RulesError(f"{where} cannot be read ({fault.strerror}); name the right file") from fault
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise RulesError(f"{where} is not TOML: {fault}") from fault
        faults = schemas.faults("rules/site", table)
        wanted = table.get("outcome_profile")
        if not faults and wanted is not None and wanted not in _profiles():
            faults = [f"/outcome_profile: no profile {wanted!r}; there are {', '.join(sorted(_profiles()))}"]
        if faults:
            raise RulesError(f"{where} is wrong:\n" + "\n".join(faults))
        given = dict(table)
        given["routing"] = tuple(given.get("routing", ()))
        digest = hashlib.sha256(json.dumps(table, ensure_ascii=False, sort_keys=True, default=str).encode())
        return cls(**given, digest=digest.hexdigest())

    def outcome(self, raw: str | None, region: str | None) -> str | None:
        """What the letter's result means; None where nobody can say."""
        if raw is None:
            return None
        if raw in self.outcomes:
            return self.outcomes[raw]
        for pattern, means in _wordings("always"):
            if pattern.search(raw):
                return means
        profiles = _profiles()
        chosen = self.outcome_profile or _profile_of(region)
        classes: dict[str, str] = profiles[chosen]["classes"]
        return classes.get(raw) or classes.get(raw[:1])

    def disclosure(self, raw: str | None) -> str | None:
        """How far the letter may be shown; None (to be treated as not public) where it does not say."""
        if raw is None:
            return None
        return next((means for pattern, means in _wordings("disclosure") if pattern.search(raw)), None)


@cache
def _wordings(kind: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"]), row["means"]) for row in load_table("outcomes")[kind])


@cache
def _profiles() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in load_table("outcomes")["profile"]}


@cache
def _profile_of(region: str | None) -> str:
    """The profile whose region the jurisdiction begins with; the national one for all others."""
    for name, row in _profiles().items():
        if region and any(region.startswith(place) for place in row["regions"]):
            return name
    return "national"
