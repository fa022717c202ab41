"""The report of a check of the archive, for a reader who is a lawyer and no engineer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from flows.letters.pack_check import Finding
from flows.letters.wording import words


class Checked(Protocol):
    """What the report is made of."""

    of_ledger: bool
    letters: int
    rows: int
    quotes: int
    objects: int
    bytes: int
    locked: int
    first_expiry: str | None
    days: list[date]
    head: str | None
    findings: list[Finding]


def report(checked: Checked, place: str, at: str, agent: str, *, details: bool = True) -> str:
    """The whole report as Markdown.

    Without ``details`` objects are named by their keys alone: what was found in them may quote a letter or be its file's
    name, which not everybody may see who sees that there is damage.
    """
    told = words("proof")["report"]
    told = {**told, **told["ledger"]} if checked.of_ledger else told
    damage = [f for f in checked.findings if f.severity == "damage"]
    lines = [f"# {told['title']}", ""]
    lines += [f"- {told['place']}：{place}", f"- {told['at']}：{at}", f"- {told['by']}：{agent}", ""]
    outcome = told["bad"].format(damage=len(damage)) if damage else told["good"]
    lines += [f"**{outcome}**", "", f"## {told['scope']}", ""]
    lines += [f"- {told['letters'].format(n=checked.letters)}"]
    if checked.of_ledger:
        lines += [f"- {told['rows'].format(n=checked.rows)}"]
    else:
        lines += [f"- {told['quotes'].format(n=checked.quotes)}"]
        lines += [f"- {told['objects'].format(n=checked.objects, bytes=checked.bytes)}"]
    if checked.days:
        lines += [f"- {told['days'].format(n=len(checked.days), first=min(checked.days), last=max(checked.days))}"]
    if checked.head:
        lines += [f"- {told['head'].format(head=checked.head)}"]
    if checked.locked:
        lines += [f"- {told['locked'].format(locked=checked.locked, until=checked.first_expiry or '—')}"]
    lines += ["", told["method"], ""]
    lines += _section(told["problems"], damage, details)
    lines += _section(told["notices"], [f for f in checked.findings if f.severity == "notice"], details)
    lines += [] if details or not checked.findings else [told["withheld"]]
    return "\n".join(lines).rstrip() + "\n"


def key_of(finding: Finding) -> str:
    """The object's key: of a file within a pack the pack's, for the file bears the original's name."""
    return finding.object.partition("#")[0]


def _section(title: str, findings: Sequence[Finding], details: bool) -> Iterable[str]:
    """The findings by kind, each kind explained once; long lists are shortened with their number."""
    if not findings:
        return []
    lines = [f"## {title}", ""]
    for code in dict.fromkeys(f.code for f in findings):
        same = [f for f in findings if f.code == code]
        lines += [f"### {same[0].title}（{len(same)}）", "", same[0].meaning, ""]
        if details:
            lines += [f"- `{f.object}`" + (f"：{f.detail}" if f.detail else "") for f in same[:200]]
        else:
            lines += [f"- `{key}`" for key in dict.fromkeys(key_of(f) for f in same[:200])]
        lines += ["- …"] if len(same) > 200 else []
        lines.append("")
    return lines
