"""Scheduled: sends what waits in the outbox; once a day also the parcels of agencies that want one a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from flows.delivery import Delivered, deliver_waiting
from flows.delivery_wiring import bundled, channels_of_process, templates
from flows.moment import as_of, now
from flows.wiring import wiring


@flow(name="deliver-notices", description="送达：发送待发通知，未送达的按间隔重试")
def deliver_notices(today: date | None = None) -> State[Any]:
    """Send every notice whose time has come (as of ``today``, where given); run again, only what still waits is sent."""
    with as_of(today):
        return _deliver(parcels=False)


@flow(name="deliver-parcels", description="每日合并送达：将同一单位的多件通知合为一件发送")
def deliver_parcels(today: date | None = None) -> State[Any]:
    """Put the waiting notices of each agency that wants one parcel a day into it, and send."""
    with as_of(today):
        return _deliver(parcels=True)


def _deliver(parcels: bool) -> State[Any]:
    made = wiring()
    done = deliver_waiting(
        made.ledger,
        channels_of_process(),
        now(),
        bundled=bundled(made.settings),
        bundle_now=parcels,
        templates=templates(made.settings),
        clock=now,
    )
    log = get_run_logger()
    for name, why in done.down.items():
        log.warning("the channel %s is down, its notices wait: %s", name, why)
    return _state(done)


def _state(done: Delivered) -> State[Any]:
    words = {"已发送": done.sent, "待重试": done.put_off, "无法送达": done.dead}
    summary = "，".join(f"{word}{count}件" for word, count in words.items() if count) or "没有待发通知"
    # A dead notice needs a person: the run shows red until somebody has looked.
    return Failed(message=f"{summary}；请查看发送失败的通知（duban status）") if done.dead else Completed(message=summary)
