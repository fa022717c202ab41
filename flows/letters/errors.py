"""The three fates of an error: this letter stops, try again, refuse to start.

    DubanError
    ├─ LetterError      this letter stops and goes to quarantine; never retried
    │  ├─ UnknownFormat · UnreadableLetter · SecretLetter · NotAReply · InvalidRecord
    ├─ Unavailable      the world is down; the only error worth a retry
    ├─ RulesError       a rule row or the agency directory is wrong; refuse to start
    └─ SettingsError    a setting is wrong; refuse to start

Every message says what was found and what to do.  The message comes first and
is the only argument an exception needs, so that it survives pickling between
Prefect's processes; facts travel in ``facts``.
"""

from __future__ import annotations

from typing import ClassVar


class DubanError(Exception):
    """Base of every error duban raises on purpose."""

    code: ClassVar[str] = "duban_error"

    def __init__(self, message: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.facts))


def _rebuild(kind: type[DubanError], message: str, facts: dict[str, object]) -> DubanError:
    return kind(message, **facts)


class LetterError(DubanError):
    """This letter stops.  ``reason_zh`` is what a clerk reads in quarantine, ``advice_zh`` what to do."""

    code = "letter_error"
    reason_zh: ClassVar[str] = "来函无法处理"
    advice_zh: ClassVar[str] = "请核对原件后重新投放。"


class UnknownFormat(LetterError):
    """No reader knows these bytes."""

    code = "unknown_format"
    reason_zh = "文件格式无法识别"
    advice_zh = "请将来函另存为受支持的格式后重新投放。"


class UnreadableLetter(LetterError):
    """The format is known but no text can be had: empty, damaged, encrypted, undecodable."""

    code = "unreadable_letter"
    reason_zh = "文件无法读出正文"
    advice_zh = "请检查文件是否为空、损坏或加密，向来文单位索取可读的文件后重新投放。"


class SecretLetter(LetterError):
    """The header carries a secrecy mark; nothing of the letter may leave this machine."""

    code = "secret_letter"
    reason_zh = "来函标有密级，不得在本系统办理"
    advice_zh = "请立即按保密规定将文件移出本机，交机要部门办理；本系统未保存、未外发其内容。"


class NotAReply(LetterError):
    """The text is no letter at all; letters of another kind are recorded with letter_type ``other``."""

    code = "not_a_reply"
    reason_zh = "文件不是答复类公文"
    advice_zh = "请确认投放的文件；如确为答复，请联系系统管理员。"


class InvalidRecord(LetterError):
    """The record made of the letter breaks its schema: a fault of the program."""

    code = "invalid_record"
    reason_zh = "生成的记录不符合数据规范（程序缺陷）"
    advice_zh = "原件已妥善保存，请将本文件交系统管理员。"


class Unavailable(DubanError):
    """A part of the world (store, ledger, server, disk) cannot be reached now."""

    code = "unavailable"


class RulesError(DubanError):
    """Rules or the agency directory are wrong; every fault is listed with its place."""

    code = "rules_error"


class SettingsError(DubanError):
    """A setting is wrong; every fault is listed with its name."""

    code = "settings_error"


class ArchiveConflict(DubanError):
    """Other bytes already stand under a key that must never change: someone tampered, or a bug.  Not retried."""

    code = "archive_conflict"


class ArchiveDamaged(DubanError):
    """What the archive gives back is not what was put there, or it is gone.  Not retried: a person must look."""

    code = "archive_damaged"


class StepRefused(DubanError):
    """A step of a commitment's life is not allowed now, or not to this party.  Nothing was changed."""

    code = "step_refused"


class ChangedMeanwhile(DubanError):
    """Somebody else changed the row since it was read.  Nothing was changed: look again, then repeat the step."""

    code = "changed_meanwhile"


class LedgerDamaged(DubanError):
    """The ledger is not as it was written: its history is broken, or its tables are of another making."""

    code = "ledger_damaged"


class Undeliverable(DubanError):
    """A receiver refuses a notice for good (no such mailbox, request rejected): a person has to look.  Not retried."""

    code = "undeliverable"
