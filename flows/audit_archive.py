"""Scheduled: seals each day, and re-reads the archive so that damage is found while it can still be repaired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.adapters.folder_archive import FolderArchive
from flows.letters.errors import ArchiveDamaged
from flows.letters.premis import Event
from flows.letters.verify_report import key_of, report
from flows.moment import as_of, now
from flows.proving import Part, has_locks, parts, seal_parts, verify_part, verify_running_ledger, yesterday
from flows.repair_archive import Repair, repair
from flows.seal_archive import AGENT, Seal, journal, read_witness, sealed_days
from flows.seal_scope import UNSEALED, note_unsealed
from flows.verify_archive import Verification
from flows.wiring import wiring


@flow(name="seal-archive", description="每日封存：为新归档来函制作证据包，生成当日封存清单并与前一日相连")
def seal_day(today: date | None = None) -> State[Any]:
    """Seal what is in no sealed day yet as the day before ``today`` (default: yesterday in Beijing)."""
    log, made = get_run_logger(), wiring()
    with as_of(today):
        moment = now()
        day = yesterday(moment)
        sealed = seal_parts(made.settings, made.ledger, day=day, moment=moment)
    for part, seal in sealed:
        log.info("sealed %s of the %s part: %d objects", day, part.name, len(seal.day.leaves))
    damaged = [key for _, seal in sealed for key in seal.packs.damaged]
    if sealed:
        create_markdown_artifact(_page(day, sealed, damaged), key="sealed-day", description=f"{day} 封存清单")
    if damaged:
        return Failed(message=f"{len(damaged)}件来函无法封装，请运行 duban verify --all")
    return Completed(message=f"{day} 已封存" if sealed else "无新归档来函，无需封存")


@flow(name="audit-archive", description="核验档案库：小库全查，大库轮查；发现损坏即报警并尝试修复")
def audit_archive(everything: bool = False) -> State[Any]:
    """Check the archive: all of a small one, of a large one each object once within ``audit_days``."""
    made, moment = wiring(), now()
    settings = made.settings
    audited = settings.home / "seal" / "audited"
    last = date.fromisoformat(audited.read_text("ascii")) if audited.exists() else None
    whole, pages = True, []
    for part in parts(settings):
        leaves = sum(len(day.leaves) for _, day, _ in sealed_days_or_none(part))
        rolling = None if everything or leaves <= settings.audit_whole else sample(moment, settings.audit_days, last)
        checked = verify_part(part, wanted=rolling, check=None, locks=has_locks(settings))
        note_unsealed(part.unsealed, (f.object for f in checked.findings if f.code in UNSEALED), moment)
        repairs = _repaired(part, checked, settings.replica, moment)
        if checked.objects:
            _note(part, checked, moment)
        scope = "全查" if rolling is None else "轮查"
        pages.append(report(checked, f"{part.name}（{scope}）", moment, AGENT, details=False))
        pages += [_repair_page(repairs)] if repairs else []
        whole = whole and checked.whole
        if not checked.whole:
            _alarm(part.name, checked, repairs)
    ledger = verify_running_ledger(settings)
    whole = whole and ledger.whole
    if not ledger.whole:
        pages.append(report(ledger, "台账", moment, AGENT, details=False))
        _alarm("ledger", ledger, ())
    audited.write_text(moment[:10], "ascii")
    mark = "🟢" if whole else "🔴"
    create_markdown_artifact(f"{mark}\n\n" + "\n".join(pages), key="archive-audit", description=f"{mark} 档案核验报告")
    if not whole:
        return Failed(message="档案库发现损坏，详见“archive-audit”报告")
    return Completed(message="档案库核验通过")


def sample(moment: str, days: int, last: date | None = None) -> Callable[[str], bool]:
    """Today's share of the keys: each key falls on one day of every ``days``.

    The shares of the days after ``last``, when there was an audit last, are made up for: every object within ``days`` days,
    also where the system stood still.
    """
    today = date.fromisoformat(moment[:10]).toordinal()
    first = today if last is None else min(today, last.toordinal() + 1)
    turns = {day % days for day in range(max(first, today - days + 1), today + 1)}

    def wanted(key: str) -> bool:
        return int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:8], "big") % days in turns

    return wanted


def sealed_days_or_none(part: Part) -> list[Any]:
    """The sealed days; none where the chain is damaged (the check that follows says so)."""
    try:
        return list(sealed_days(part.archive))
    except ArchiveDamaged:
        return []


def _repaired(part: Part, checked: Verification, replica: Path | None, moment: str) -> tuple[Repair, ...]:
    if checked.whole:
        return ()
    copies = [("replica", FolderArchive(replica / part.name))] if replica else []
    return repair(part.archive, checked.damage, copies, now=moment, witness=read_witness(part.witness))


def _note(part: Part, checked: Verification, moment: str) -> None:
    """The check itself is an event in the life of what was checked."""
    detail = {"objects": checked.objects, "letters": checked.letters, "damage": len(checked.damage), "head": checked.head}
    event = Event("fixity check", moment, "success" if checked.whole else "failure", AGENT, part.name, detail)
    journal(part.archive, f"{moment[:10]}/fixity-{event.id}", [event])


def _alarm(place: str, checked: Verification, repairs: Sequence[Repair]) -> None:
    emit_event(
        event="duban.archive.damaged",
        resource={"prefect.resource.id": f"duban.archive.{place}"},
        payload={
            "damage": [{"code": f.code, "object": key_of(f)} for f in checked.damage[:100]],
            "repaired": [r.key for r in repairs if r.source],
            "lost": [r.key for r in repairs if not r.source],
        },
    )


def _page(day: date, sealed: Sequence[tuple[Part, Seal]], damaged: Sequence[str]) -> str:
    lines = [f"# {day} 封存清单", ""]
    for part, seal in sealed:
        lines.append(f"- {part.name}：证据包 {len(seal.packs.made)} 个，根值 `{seal.day.root}`，清单校验值 `{seal.sha256}`")
    return "\n".join(lines + (["", "无法封装：", *(f"- `{line.partition(': ')[0]}`" for line in damaged)] if damaged else []))


def _repair_page(repairs: Sequence[Repair]) -> str:
    lines = ["## 修复情况", ""]
    told = {r.key: f"已由 {r.source} 修复" if r.source else "没有可用的完好副本" for r in repairs}
    return "\n".join(lines + [f"- `{key}`：{what}" for key, what in told.items()])
