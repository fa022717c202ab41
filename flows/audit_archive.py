"""Scheduled: seals each day, and re-reads the archive so that damage is found while it can still be repaired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.auditing import Audited, audit
from flows.letters.verify_report import key_of, report
from flows.moment import as_of, now
from flows.proving import Part, seal_parts, yesterday
from flows.repair_archive import Repair
from flows.seal_archive import AGENT, Seal
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
    moment, pages, whole = now(), list[str](), True
    for one in audit(wiring().settings, moment, everything):
        whole = whole and one.checked.whole
        if not one.checked.whole:
            _alarm(one)
        if one.place != "ledger" or not one.checked.whole:
            place = "台账" if one.place == "ledger" else one.place
            pages.append(report(one.checked, f"{place}（{'全查' if one.whole else '轮查'}）", moment, AGENT, details=False))
        pages += [_repair_page(one.repairs)] if one.repairs else []
    mark = "🟢" if whole else "🔴"
    create_markdown_artifact(f"{mark}\n\n" + "\n".join(pages), key="archive-audit", description=f"{mark} 档案核验报告")
    if not whole:
        return Failed(message="档案库发现损坏，详见“archive-audit”报告")
    return Completed(message="档案库核验通过")


def _alarm(found: Audited) -> None:
    emit_event(
        event="duban.archive.damaged",
        resource={"prefect.resource.id": f"duban.archive.{found.place}"},
        payload={
            "damage": [{"code": f.code, "object": key_of(f)} for f in found.checked.damage[:100]],
            "repaired": [r.key for r in found.repairs if r.source],
            "lost": [r.key for r in found.repairs if not r.source],
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
