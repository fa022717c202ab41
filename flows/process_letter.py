"""Takes originals from the inbox to archived records and queued notices; a letter at rest is a list of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import artifacts
from flows.moment import as_of
from flows.settings import load_settings
from flows.tasks import Fate, LetterRef, handle_letter

__all__ = ["FATE", "LETTER", "QUARANTINED", "WAITING", "WHY", "LetterRef", "ending", "fate_row", "process_letter"]

LETTER, FATE, WHY = "来函", "结果", "说明"
QUARANTINED, WAITING = "隔离", "待重试"
_FATES = {"archived": "归档", "duplicate": "重复", "quarantined": QUARANTINED, "unpacked": "拆包", "gone": "无此文件"}


@flow(
    name="process-letter",
    description="处理来函：登记原件 → 理解 → 归档 → 入台账 → 交办 → 清理收件箱",
    task_runner=ThreadPoolTaskRunner(max_workers=load_settings().letter_threads),  # type: ignore[arg-type]
    validate_parameters=True,
)
def process_letter(letters: list[LetterRef], today: date | None = None) -> State[Any]:
    """Each letter has its own task run, retries and fate; a letter that cannot go on now stays in the inbox.

    ``today``: the day the letters count as received and handed over, where they lay while the system stood still.
    The state holds one row a letter (``fate_row``); it is failed where a letter has no fate yet.
    """
    with as_of(today):
        futures = [handle_letter.submit(letter) for letter in letters]
    states = [future.wait() or future.state for future in futures]
    outcomes = [state.result(raise_on_failure=False) for state in states]
    artifacts.show_run([outcome for outcome in outcomes if isinstance(outcome, Fate)])
    return ending([fate_row(letter, outcome) for letter, outcome in zip(letters, outcomes, strict=True)])


def fate_row(letter: LetterRef, outcome: object) -> dict[str, str]:
    """What became of a letter, as a line of a table; ``outcome`` is its ``Fate``, or what kept it from one."""
    if isinstance(outcome, Fate):
        return {LETTER: letter.shown, FATE: _FATES[outcome.name], WHY: outcome.detail}
    return {LETTER: letter.shown, FATE: WAITING, WHY: str(outcome)}


def ending(rows: Sequence[dict[str, str]], lead: str = "") -> State[Any]:
    """The state a run ends in, with how many letters met which fate: what needs somebody is seen in the list of runs.

    Failed where a letter has no fate yet; completed under the name ``Quarantined`` where one waits in quarantine.
    """
    counts = Counter(row[FATE] for row in rows)
    summary = lead + "，".join(f"{name}{counts[name]}件" for name in (*_FATES.values(), WAITING) if counts[name])
    if counts[WAITING]:
        return Failed(message=f"{summary}；未办结的留在收件箱，稍后自动重试", data=list(rows))
    name = "Quarantined" if counts[QUARANTINED] else None
    return Completed(message=summary, data=list(rows), name=name)
