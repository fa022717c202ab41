"""What a person sees of a letter in Prefect's UI: run names, tags, a page per letter, a table of commitments."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.context import FlowRunContext

from flows.letter_page import Pictures, commitment_rows, commitments_of, is_restricted, letter_page, restated, title_of
from flows.letters.errors import LetterError
from flows.letters.model import Original
from flows.letters.understanding import Understood
from flows.lookalikes import stated
from flows.picturing import EASEL, has_pages, pictures_of
from flows.ports import Receipt

if TYPE_CHECKING:
    from flows.tasks import Fate
    from flows.wiring import Wiring

__all__ = ["PageProgress", "is_restricted", "restate_letters", "show_letter", "show_run", "title_of"]

_LATER = "原件页面图稍后自动附上。"
_FAILED = "原件页面图未能生成。"
_LEFT_OUT = "另有{count}项承诺未附原件页面图。"
_TOO_MANY = "来函集中到达，本件未附原件页面图。"
# Held from the moment the ledger is asked how a letter stands until its page says so: no older answer is written last.
_STATING = threading.Lock()
_log = logging.getLogger(__name__)


def show_run(fates: Sequence[Fate]) -> None:
    """Name the run after its letter (or their count), tag it by issuer, and list all commitments in one table."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    records = [fate.record for fate in fates if fate.record]
    name = fates[0].detail if len(fates) == 1 else f"来函{len(fates)}件：{fates[0].detail}等" if fates else None
    issuers = {issuer for record in records if not is_restricted(record) for issuer in record["header"]["issuers"]}
    with get_client(sync_client=True) as client:
        client.update_flow_run(context.flow_run.id, name=name, tags=sorted({"duban", *issuers}))
    rows = [row for record in records for row in commitment_rows(record)]
    if rows:
        create_table_artifact(rows, key="commitments", description="承诺事项（本次办理）")


class PageProgress:
    """Tells of each recognised page in the run's log and in a progress artifact; nothing for letters without scans."""

    def __init__(self, original: Original, log: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        self._key = f"pages-{original.sha256[:16]}"
        self._log = log
        self._artifact: UUID | None = None

    def __call__(self, page: int, pages: int) -> None:
        self._log.info("recognised page %d of %d", page, pages)
        share = 100.0 * page / pages
        if self._artifact is None:
            made = create_progress_artifact(share, key=self._key, description="扫描件识别进度")
            self._artifact = made if isinstance(made, UUID) else None  # outside an event loop the id comes at once
        else:
            update_progress_artifact(self._artifact, share)


def show_letter(understood: Understood, receipts: Sequence[Receipt], made: Wiring, related: bool) -> None:
    """The letter's page; its pictures follow when no letter is being worked on.

    ``related``: it has to do with an earlier letter; how is asked of the ledger, for a person may answer meanwhile.
    """
    record, text, outbox = understood.record, understood.text.text, str(made.settings.outbox)

    def page(pictures: Pictures, remark: str) -> str:
        standing = _stated(record["id"], made) if related else ""
        return letter_page(record, text, receipts, outbox, pictures, remark, standing)

    pictured = bool(commitments_of(record)) and not is_restricted(record) and has_pages(understood)
    remark = _remark(_TOO_MANY if EASEL.is_full() else _LATER, record) if pictured else ""
    with _STATING if related else nullcontext():
        shown = create_markdown_artifact(page({}, remark), key=_key(record["id"]), description=title_of(record))

    def draw(shown: UUID) -> None:
        try:
            pictures, left_out = pictures_of(understood, made.archive.get(receipts[0].key), made.read)
        except LetterError as fault:
            _log.warning("the pages of %s cannot be drawn: %s", record["id"], fault)
            pictures, said = {}, _remark(_FAILED, record)
        else:
            said = _remark(_LEFT_OUT, record, left_out) if left_out else ""
        with _STATING:
            _replace(shown, page(pictures, said))

    if pictured and isinstance(shown, UUID):  # outside an event loop the id comes at once
        EASEL.put(partial(draw, shown))


def restate_letters(made: Wiring) -> None:
    """Rewrite the head of each letter's page about which a person has answered since (see ``lookalikes.note_answered``)."""
    for note in sorted(made.settings.answered.glob("*")):
        letter_id = note.name.partition(".")[0]
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[_key(letter_id)]))
        with _STATING, get_client(sync_client=True) as client:
            for shown in client.read_artifacts(artifact_filter=wanted):
                _replace(shown.id, restated(str(shown.data), _stated(letter_id, made)))
        note.unlink()


def _key(letter_id: str) -> str:
    return f"letter-{letter_id.lower()}"


def _stated(letter_id: str, made: Wiring) -> str:
    return stated(made.ledger.standing(letter_id), letter_id)


def _remark(what: str, record: Mapping[str, Any], count: int = 0) -> str:
    return what.format(count=count) + f"需要时请运行 `duban show {record['id']} --pages 文件夹`。"


def _replace(artifact: UUID, page: str) -> None:
    """A page in the place of the one before; asked of the API directly, for the client tells the page in an event too."""
    with get_client(sync_client=True) as client:
        client.request("PATCH", "/artifacts/{id}", path_params={"id": artifact}, json={"data": page})
