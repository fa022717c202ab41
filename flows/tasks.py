"""Every task: the path of one letter, each step one call to a function or a port."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from weakref import WeakValueDictionary

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows import artifacts
from flows.adapters.inbox_folder import Claimed, NotALetterFile
from flows.delivery import deliver_waiting
from flows.delivery_wiring import bundled, channels_of_process, templates
from flows.discretion import trace_of
from flows.letters import disclosure
from flows.letters.errors import ArchiveConflict, ArchiveDamaged, DubanError, LetterError, SecretLetter, Unavailable
from flows.letters.fingerprint import fingerprint
from flows.letters.masking import mask_record
from flows.letters.model import Original, SourceText
from flows.letters.notices import hand_off
from flows.letters.premis import Event, to_lines
from flows.letters.proof import filing_events, page_map
from flows.letters.reading import containers
from flows.letters.routing import route, rules_of
from flows.letters.understanding import Understood, understand
from flows.lookalikes import keep_order, remark
from flows.picturing import EASEL
from flows.ports import Archive, Receipt, original_key, record_key
from flows.seal_archive import AGENT
from flows.wiring import Wiring, now, retention_of, wiring

Log = logging.Logger | logging.LoggerAdapter[Any]

# Set when the process is told to stop: letters not begun stay in the inbox for the next start.
STOPPING = threading.Event()


class _Turn:
    """A lock that lives as long as somebody holds or awaits it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


# Files with the same bytes, dropped together, take turns: the second finds the first one's record.
_TURNS: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
_TURNS_LOCK = threading.Lock()


class LetterRef(BaseModel):
    """Which letter to process.

    The parameters of a run can be seen by everybody who may open the UI, and a file's name is often its title.  So duban
    itself gives the handle; who starts a run by hand may write a path, and has then decided to show it.
    """

    model_config = ConfigDict(frozen=True)

    handle: str | None = Field(default=None, description="文件编号，见 duban status；系统自动办理时使用，不显示文件名")
    path: str | None = Field(
        default=None, description="文件在收件箱中的相对路径，例如 2024/答复.pdf；填写后在运行界面可见，不公开的来函请填编号"
    )
    sha256: str | None = Field(default=None, description="已归档原件的 SHA-256：重新办理时填写，首次办理留空")

    @model_validator(mode="after")
    def _names_one(self) -> LetterRef:
        if not (self.handle or self.path or self.sha256):
            raise ValueError("请填写文件编号（handle）、路径（path）或原件的 SHA-256（sha256）")
        return self

    @property
    def shown(self) -> str:
        """What stands for the letter in the UI and in logs."""
        return self.handle or self.path or (self.sha256 or "")[:16]


FateName = Literal["archived", "duplicate", "quarantined", "unpacked", "gone"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one letter; ``record`` only where one was archived."""

    name: FateName
    shown: str
    sha256: str | None
    detail: str
    record: dict[str, Any] | None = None
    receipts: tuple[Receipt, ...] = ()


def _is_worth_a_retry(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), Unavailable)


@task(
    name="handle-letter",
    task_run_name="来函 {letter.shown}",
    retries=3,
    retry_delay_seconds=[1, 4, 10],
    retry_condition_fn=_is_worth_a_retry,
)
def handle_letter(letter: LetterRef) -> Fate:
    """One letter to its fate.  Raises ``Unavailable`` (retried) where the world is down: the letter stays where it is."""
    log = get_run_logger()
    try:
        return _to_its_fate(letter, log)
    except (Unavailable, ArchiveConflict, ArchiveDamaged) as fault:
        raise fault from None  # what lies behind it may quote the file's name
    except Exception as fault:  # what is raised here is shown in the UI
        log.error("%s", trace_of(fault))
        raise DubanError(f"{getattr(fault, 'code', type(fault).__name__)}: the letter stays where it is; see the log") from None


def _to_its_fate(letter: LetterRef, log: Log) -> Fate:
    if STOPPING.is_set():
        raise Unavailable("the system is stopping; the letter stays in the inbox")
    made = wiring()
    try:
        path = Path(letter.path) if letter.path else made.inbox.find(letter.handle) if letter.handle else None
        claimed = made.inbox.claim(path) if path else None
    except NotALetterFile as fault:  # a path given by hand that names no file of the inbox
        log.warning("%s", fault)
        return Fate("gone", letter.shown, letter.sha256, fault.reason_zh)
    sha256 = claimed.sha256 if claimed else letter.sha256 or ""
    with _TURNS_LOCK:
        turn = _TURNS.setdefault(sha256, _Turn())
    with EASEL.at_work(), turn.lock:
        return _process(letter, claimed, made, log) if claimed else _again_from_archive(letter, made, log)


def _process(letter: LetterRef, claimed: Claimed, made: Wiring, log: Log) -> Fate:
    handle = made.inbox.handle(claimed.path)
    seen = made.ledger.see(claimed.sha256, handle, handle, now())  # its name may be a secret: it is not read yet
    if seen.state == "cleared":
        made.inbox.clear(claimed)
        log.info("%s has the same bytes as a letter already processed (%s): no second record", handle, claimed.sha256)
        return Fate("duplicate", letter.shown, claimed.sha256, "内容与已办理来函完全相同，未重复建档")
    attempt = made.ledger.attempt(claimed.sha256, now())
    try:
        if containers.is_container(claimed.data):
            return _unpack(letter, claimed, made, log)
        fate = _archive(claimed.data, _original(claimed, seen.received_at), letter, made, log)
    except LetterError as fault:
        return _quarantine(fault, letter, claimed, made, log)
    except (Unavailable, ArchiveConflict):
        raise
    except Exception as fault:  # the border of one letter: a fault of ours must not stop the others, nor loop for ever
        log.error("unexpected fault, attempt %d of %d: %s", attempt, made.settings.max_attempts, trace_of(fault))
        if attempt < made.settings.max_attempts:
            raise Unavailable(f"unexpected fault ({type(fault).__name__}); tried again") from None
        return _quarantine(_given_up(fault, attempt), letter, claimed, made, log)
    clear_inbox(fate, claimed, made)
    log.info("archived as %s; inbox cleared", fate.receipts[-1].key)
    return fate


def _original(claimed: Claimed, received_at: str) -> Original:
    return Original(claimed.name, claimed.sha256, claimed.size, "application/octet-stream", received_at)


def _archive(data: bytes, original: Original, letter: LetterRef, made: Wiring, log: Log) -> Fate:
    """Understand, keep the original, file the record, enter the ledger, deliver.  Each may happen twice and counts once."""
    source = made.read(data, original.name, artifacts.PageProgress(original, log))
    understood = understand(source, original, made.directory, made.site)
    _show_name(original.name, understood)
    kept = keep_original(data, original, understood, made)
    log.info("original kept: %s", kept.key)
    if kept.existed:
        understood = _as_first_received(understood, source, original, made)
    filed = file_record(understood, made)
    log.info("record filed: %s", filed.key)
    enter_ledger(understood, kept, filed, made)
    letter_id = understood.record["id"]
    standing = made.ledger.standing(letter_id)
    keep_order(made.restricted, letter_id, standing)
    sent = deliver(letter_id, made)
    log.info("entered in the ledger (%s); %d notices delivered", standing.kind, sent)
    artifacts.show_letter(understood, [kept, filed], made, related=standing.other is not None)
    detail = artifacts.title_of(understood.record) + remark(standing)
    return Fate("archived", letter.shown, original.sha256, detail, understood.record, (kept, filed))


def _show_name(name: str, understood: Understood) -> None:
    """The task run bears the file's name once the letter is known to be one whose words the UI may show.

    Nothing is asked of the server: the run's next state carries its name there.
    """
    context = TaskRunContext.get()
    if context is not None and not artifacts.is_restricted(understood.record):
        context.task_run.name = name


def _as_first_received(understood: Understood, source: SourceText, original: Original, made: Wiring) -> Understood:
    """The same letter with the date of receipt its archived record has: a lost ledger must not make a second record."""
    archive, record = archive_of(understood.record, made), understood.record
    key = record_key(original.sha256, record["rules_version"])
    if archive.receipt(key) is None:
        return understood
    first = json.loads(archive.get(key))["original"]["received_at"]
    if first == original.received_at:
        return understood
    return understand(source, replace(original, received_at=first), made.directory, made.site)


def keep_original(data: bytes, original: Original, understood: Understood, made: Wiring) -> Receipt:
    """The original in the archive, receipt read back: the letter is safe from here on."""
    media_type = understood.record["original"]["media_type"]
    archive = archive_of(understood.record, made)
    keep = retention_of(understood.record, made.settings, made.site)
    return archive.put(original_key(original.sha256), data, media_type=media_type, name=original.name, retention=keep)


def file_record(understood: Understood, made: Wiring) -> Receipt:
    """Record, text and event log beside the original; the record's receipt comes back."""
    sha256, version = understood.record["original"]["sha256"], understood.record["rules_version"]
    archive = archive_of(understood.record, made)
    keep = retention_of(understood.record, made.settings, made.site)
    text = understood.text.text.encode("utf-8")
    archive.put(record_key(sha256, version, ".txt"), text, media_type="text/plain; charset=utf-8", retention=keep)
    log = record_key(sha256, version, ".events.jsonl")
    if archive.receipt(log) is None:  # an earlier try that broke off has told the same, at its own moment
        assignments = route(understood.record, made.directory, rules_of(made.site))
        events = filing_events(understood.record, page_map(understood.text), assignments, at=now(), agent=AGENT)
        told = to_lines((*_origin_of(understood.record["original"], made), *events))
        archive.put(log, told, media_type="application/jsonl", retention=keep)
    key = record_key(sha256, version)
    return archive.put(key, understood.record_bytes, media_type="application/json", retention=keep)


def archive_of(record: Mapping[str, Any] | None, made: Wiring) -> Archive:
    """The part of the archive a letter belongs to; what is no letter (a container of letters) is as good as restricted."""
    if record is None or disclosure.is_restricted(disclosure.level_of(record)):
        return made.restricted
    return made.archive


def enter_ledger(understood: Understood, kept: Receipt, filed: Receipt, made: Wiring) -> None:
    """Letter, commitments and the outbox rows of their notices, in one transaction."""
    assignments = route(understood.record, made.directory, rules_of(made.site))
    # Those who are told learn nothing of the persons in the letter: neither the member's nor the clerk's data.
    notices = hand_off(mask_record(understood.record), assignments, made.directory, templates(made.settings))
    made.ledger.enter(
        understood.record,
        original=kept,
        filed=filed,
        assignments=assignments,
        queued=notices,
        now=now(),
        text=fingerprint(understood.text.text),
    )


def deliver(letter_id: str, made: Wiring) -> int:
    """Send what waits in the outbox for this letter; what a channel refuses now waits for the scheduled delivery."""
    done = deliver_waiting(
        made.ledger, channels_of_process(), now(), letter_id=letter_id, bundled=bundled(made.settings), clock=now
    )
    return done.sent


def clear_inbox(fate: Fate, claimed: Claimed, made: Wiring) -> None:
    """The file leaves the inbox only when the archive, asked again, shows equal receipts."""
    archive = archive_of(fate.record, made)
    for receipt in fate.receipts:
        found = archive.receipt(receipt.key)
        if found is None or found.sha256 != receipt.sha256:
            raise Unavailable(f"{receipt.key} cannot be read back from the archive; the letter stays in the inbox")
    made.ledger.mark(claimed.sha256, "cleared", now(), name=claimed.name)
    made.inbox.clear(claimed)


def _unpack(letter: LetterRef, claimed: Claimed, made: Wiring, log: Log) -> Fate:
    """A ZIP or mail with letters: the container is kept, each member is dropped and becomes a letter of its own."""
    members = containers.unpack(claimed.data, claimed.name)
    _must_hold_no_secret(members, claimed, made)
    key = original_key(claimed.sha256)
    kept = made.restricted.put(key, claimed.data, media_type="application/octet-stream", name=claimed.name)
    for member in members:
        _note_origin(member, claimed, made)
        made.inbox.drop(member.data, f"{claimed.name}.d/{member.name}")
    fate = Fate("unpacked", letter.shown, claimed.sha256, f"已拆出{len(members)}个文件，分别办理", None, (kept,))
    clear_inbox(fate, claimed, made)
    log.info("unpacked into %d files", len(members))
    return fate


def _note_origin(member: containers.Member, claimed: Claimed, made: Wiring) -> None:
    """Where a member came from, kept until its own record tells it (see ``_origin_of``); written aside, then renamed."""
    path = made.settings.origins / f"{hashlib.sha256(member.data).hexdigest()}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = {"container": claimed.sha256, "container_name": claimed.name, **dict(member.provenance)}
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    aside.replace(path)


def _origin_of(original: Mapping[str, Any], made: Wiring) -> tuple[Event, ...]:
    """The event of a letter's coming out of a container, with the mail's own headers; none for a file dropped as such."""
    path = made.settings.origins / f"{original['sha256']}.json"
    if not path.exists():
        return ()
    told = json.loads(path.read_text("utf-8"))
    return (Event("capture", original["received_at"], "success", AGENT, original_key(original["sha256"]), told),)


def _must_hold_no_secret(members: Sequence[containers.Member], claimed: Claimed, made: Wiring) -> None:
    """``SecretLetter`` where one of the files is marked: then the container is not kept in the store either.

    A file refused for another reason is no matter here: it is dropped, and quarantined by itself.
    """
    for member in members:
        original = Original(member.name, claimed.sha256, len(member.data), "application/octet-stream", now())
        try:
            understand(made.read(member.data, member.name), original, made.directory, made.site)
        except SecretLetter:
            raise
        except LetterError as fault:
            get_run_logger().info("a file in the container will be refused: %s", fault.code)


def _again_from_archive(letter: LetterRef, made: Wiring, log: Log) -> Fate:
    """A re-run: the file has left the inbox, its original is processed again from the archive."""
    row = made.ledger.letter_of(letter.sha256) if letter.sha256 else None
    if letter.sha256 is None or row is None:
        log.warning("%s is not in the inbox and was never archived: nothing to do", letter.shown)
        return Fate("gone", letter.shown, letter.sha256, "文件不在收件箱，也没有归档记录")
    archive = made.restricted if disclosure.is_restricted(disclosure.as_level(row["disclosure"])) else made.archive
    before = json.loads(archive.get(row["record_key"]))["original"]
    data = archive.get(row["original_key"])
    original = Original(before["name"], letter.sha256, len(data), before["media_type"], before["received_at"])
    log.info("processing %s again from the archive", row["original_key"])
    return _archive(data, original, letter, made, log)


def _quarantine(fault: LetterError, letter: LetterRef, claimed: Claimed, made: Wiring, log: Log) -> Fate:
    """This letter stops: the file goes to quarantine beside its reasons; nothing else stops."""
    made.inbox.quarantine(claimed, fault, secret=isinstance(fault, SecretLetter))
    # The ledger's rows go into the store.  So it has neither the name nor the message, which may quote, of a letter that is
    # secret, or may be so for all that is known: both stand beside the file.
    made.ledger.mark(claimed.sha256, "quarantined", now(), fault.code, fault.reason_zh)
    log.warning("quarantined: %s; the reasons lie beside it", fault.code)
    return Fate("quarantined", letter.shown, claimed.sha256, f"{fault.reason_zh}（{fault.code}）")


def _given_up(fault: Exception, attempt: int) -> LetterError:
    return LetterError(f"gave up after {attempt} attempts: {type(fault).__name__}: {fault}; see the worker's log")
