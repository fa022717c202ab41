"""Scheduled: seals each day, and re-reads the archive so that damage is found while it can still be repaired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.adapters.folder_archive import FolderArchive
from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.sql_ledger import SqlLedger
from flows.ledger_archive import archive_ledger
from flows.letters.errors import ArchiveDamaged
from flows.letters.premis import Event
from flows.letters.proof import Delivery
from flows.letters.verify_report import report
from flows.proving import Part, authority, parts, verify_part
from flows.repair_archive import Repair, repair
from flows.seal_archive import AGENT, Seal, append_witness, journal, seal_archive, sealed_days, stamp_days
from flows.verify_archive import Verification
from flows.wiring import now, wiring

_BEIJING = ZoneInfo("Asia/Shanghai")


@flow(name="seal-archive", description="每日封存：为新归档来函制作证据包，生成当日封存清单并与前一日相连")
def seal_day() -> State[Any]:
    """Seal what was archived up to yesterday (Beijing time) and is in no sealed day yet."""
    log = get_run_logger()
    made, moment = wiring(), now()
    day = yesterday(moment)
    tsa = authority(made.settings.timestamp_url, made.settings.timestamp_roots)
    told: list[str] = []
    damaged: list[str] = []
    ledger = LedgerCopy(made.settings.database_url)
    restricted = parts(made.settings)[1].archive
    archive_ledger(restricted, ledger, day, made.settings.home / "seal" / "ledger.json")
    for part in parts(made.settings):
        seal = seal_archive(part.archive, deliveries_of(ledger), day=day, now=moment)
        if seal is not None:
            append_witness(part.witness, seal)
            told.append(f"{part.name}：{len(seal.packed)} 个证据包，根值 {seal.day.root}，清单校验值 {seal.sha256}")
            damaged += seal.damaged
            _note_packs(made.ledger, seal)
            log.info("sealed %s of the %s part: %d objects", day, part.name, len(seal.day.leaves))
        if tsa is not None:
            stamp_days(part.archive, tsa.stamp)
    if told:
        create_markdown_artifact(_page(day, told, damaged), key="sealed-day", description=f"{day} 封存清单")
    if damaged:
        return Failed(message=f"{len(damaged)}件来函无法封装，请运行 duban verify --all")
    return Completed(message=f"{day} 已封存" if told else "无新归档来函，无需封存")


@flow(name="audit-archive", description="核验档案库：小库全查，大库轮查；发现损坏即报警并尝试修复")
def audit_archive(everything: bool = False) -> State[Any]:
    """Check the archive: all of a small one, of a large one each object once within ``audit_days``."""
    made, moment = wiring(), now()
    settings = made.settings
    whole, pages = True, []
    for part in parts(settings):
        leaves = sum(len(day.leaves) for _, day, _ in sealed_days_or_none(part))
        rolling = None if everything or leaves <= settings.audit_whole else sample(moment, settings.audit_days)
        checked = verify_part(part, wanted=rolling, check=None, locks=bool(settings.store_lock))
        repairs = _repaired(part, checked, settings.replica, moment)
        if checked.objects:
            _note(part, checked, moment)
        pages.append(report(checked, f"{part.name}（{'全查' if rolling is None else '轮查'}）", moment, AGENT))
        pages += [_repair_page(repairs)] if repairs else []
        whole = whole and checked.whole
        if not checked.whole:
            _alarm(part, checked, repairs)
    mark = "🟢" if whole else "🔴"
    create_markdown_artifact(f"{mark}\n\n" + "\n".join(pages), key="archive-audit", description=f"{mark} 档案核验报告")
    if not whole:
        return Failed(message="档案库发现损坏，详见“archive-audit”报告")
    return Completed(message="档案库核验通过")


def sample(moment: str, days: int) -> Callable[[str], bool]:
    """Today's share of the keys: each key falls on one day of every ``days``."""
    turn = date.fromisoformat(moment[:10]).toordinal() % days

    def wanted(key: str) -> bool:
        return int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest()[:8], "big") % days == turn

    return wanted


def yesterday(moment: str) -> date:
    """The day before ``moment`` (RFC 3339) in Beijing."""
    return (datetime.fromisoformat(moment).astimezone(_BEIJING) - timedelta(days=1)).date()


def deliveries_of(ledger: LedgerCopy) -> Callable[[str], Sequence[Delivery]]:
    """The notices of a letter with how far they got, from the ledger."""

    def deliveries(letter_id: str) -> list[Delivery]:
        return [Delivery(notice, sent_at, sent_to) for notice, sent_at, sent_to in ledger.deliveries(letter_id)]

    return deliveries


def sealed_days_or_none(part: Part) -> list[Any]:
    """The sealed days; none where the chain is damaged (the check that follows says so)."""
    try:
        return list(sealed_days(part.archive))
    except ArchiveDamaged:
        return []


def _note_packs(ledger: SqlLedger, seal: Seal) -> None:
    """The ledger's row names the letter's pack and its checksum."""
    digests = {leaf.key: leaf.sha256 for leaf in seal.day.leaves}
    for key in seal.packed:
        letter_id = key.rsplit("/", 1)[1].split(".", 1)[0]
        ledger.packed(letter_id, key, digests[key])


def _repaired(part: Part, checked: Verification, replica: Path | None, moment: str) -> tuple[Repair, ...]:
    if checked.whole:
        return ()
    copies = [("replica", FolderArchive(replica / part.name))] if replica else []
    return repair(part.archive, checked.damage, copies, now=moment)


def _note(part: Part, checked: Verification, moment: str) -> None:
    """The check itself is an event in the life of what was checked."""
    detail = {"objects": checked.objects, "letters": checked.letters, "damage": len(checked.damage), "head": checked.head}
    event = Event("fixity check", moment, "success" if checked.whole else "failure", AGENT, part.name, detail)
    journal(part.archive, f"{moment[:10]}/fixity-{event.id}", [event])


def _alarm(part: Part, checked: Verification, repairs: Sequence[Repair]) -> None:
    emit_event(
        event="duban.archive.damaged",
        resource={"prefect.resource.id": f"duban.archive.{part.name}"},
        payload={
            "damage": [{"code": f.code, "object": f.object} for f in checked.damage[:100]],
            "repaired": [r.key for r in repairs if r.source],
            "lost": [r.key for r in repairs if not r.source],
        },
    )


def _page(day: date, told: Sequence[str], damaged: Sequence[str]) -> str:
    lines = [f"# {day} 封存清单", "", *(f"- {line}" for line in told)]
    return "\n".join(lines + (["", "无法封装：", *(f"- `{line}`" for line in damaged)] if damaged else []))


def _repair_page(repairs: Sequence[Repair]) -> str:
    lines = ["## 修复情况", ""]
    told = {r.key: f"已由 {r.source} 修复" if r.source else "没有可用的完好副本" for r in repairs}
    return "\n".join(lines + [f"- `{key}`：{what}" for key, what in told.items()])
