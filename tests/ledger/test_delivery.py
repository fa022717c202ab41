"""Delivery: at least once, shown once; a channel that is down holds back its own; a crash anywhere loses and doubles nothing."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.adapters.folder_channel import FolderChannel
from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take
from flows.delivery import Channels, deliver_waiting
from flows.letters.agencies import Directory
from flows.letters.errors import Unavailable, Undeliverable
from flows.letters.lifecycle import Step
from flows.letters.model import Notice
from flows.letters.notices import hand_off
from flows.letters.outgoing import Retries, bundle_of
from flows.letters.routing import route
from tests.ledger.databases import Databases
from tests.ledger.steps import NOW, TEA, TEA_LEAD, enter, without_gaps
from tests.notices.ledger_samples import DIRECTORY, GOLD, LETTERS, record_of

LATER = "2026-03-05T01:00:00Z"


class Crash(BaseException):
    """The process dies here: nothing catches it."""


@dataclass
class Box:
    """A receiver that honours the key; ``plan`` says what happens to each call: taken, down, refused, dead before or after."""

    plan: list[str] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def deliver(self, notice: Notice) -> str:
        fate = self.plan.pop(0) if self.plan else "taken"
        self.calls.append(notice.id)
        if fate == "down":
            raise Unavailable("the receiver is down")
        if fate == "refused":
            raise Undeliverable("no such mailbox")
        if fate == "dies before":
            raise Crash
        assert self.shown.setdefault(notice.id, notice.event) == notice.event
        if fate == "dies after":
            raise Crash
        return "box"


def through(**by_kind: Box) -> Channels:
    kinds = itertools.cycle(by_kind)
    chosen: dict[str, str] = {}
    return Channels(by_kind, lambda agency_id: chosen.setdefault(agency_id, next(kinds)))


def test_a_channel_that_is_down_holds_back_only_its_own(ledger: SqlLedger) -> None:
    for path in GOLD[:6]:
        enter(ledger, record_of(path))
    waiting = ledger.queued()
    mail, folder = Box(plan=["down"] * 99), Box()
    channels = through(mail=mail, folder=folder)
    by_folder = {n.id for n in waiting if channels.of(n.agency_id)[0] == "folder"}
    done = deliver_waiting(ledger, channels, NOW)
    assert set(folder.shown) == by_folder
    assert (done.sent, done.put_off) == (len(by_folder), len(waiting) - len(by_folder))
    assert len(mail.calls) == 1  # the others were not tried in vain
    mail.plan.clear()
    deliver_waiting(ledger, channels, LATER)
    assert set(mail.shown) | set(folder.shown) == {n.id for n in waiting}
    assert ledger.queued() == []


def test_what_fails_waits_longer_each_time_and_ends_as_dead(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    first, *_ = ledger.queued()
    box, retries = Box(plan=["down"] * 99), Retries(limit=3, first_seconds=60)
    channels = through(mail=box)
    moments = [NOW, "2026-03-02T01:01:00Z", "2026-03-02T01:03:00Z", "2026-03-02T02:00:00Z"]
    tries = []
    for moment in moments:
        deliver_waiting(ledger, channels, moment, retries=retries)
        tries.append(box.calls.count(first.id))
    assert tries == [1, 2, 3, 3]
    assert [row["id"] for row in ledger.dead()] == [first.id]
    assert ledger.revive(first.id)
    box.plan.clear()
    deliver_waiting(ledger, channels, LATER)
    assert first.id in box.shown


def test_the_wait_doubles_with_a_share_that_is_always_the_same() -> None:
    retries = Retries(first_seconds=60, longest_seconds=600)
    waits = [retries.next_try("N1", attempt, NOW) for attempt in range(1, 8)]
    assert waits[:4] == sorted(waits[:4])
    assert waits == [retries.next_try("N1", attempt, NOW) for attempt in range(1, 8)]
    assert retries.next_try("N1", 3, NOW) != retries.next_try("N2", 3, NOW)
    assert "2026-03-02T01:05:00Z" <= waits[-1] <= "2026-03-02T01:10:00Z"


def test_what_is_refused_for_good_is_not_tried_again(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    box = Box(plan=["refused"])
    done = deliver_waiting(ledger, through(mail=box), NOW)
    assert (done.dead, done.sent) == (1, len(box.calls) - 1)
    assert ledger.dead()[0]["last_error"] == "no such mailbox"


def test_a_bundled_agency_gets_one_parcel(ledger: SqlLedger) -> None:
    record = copy.deepcopy(TEA)
    record["statements"] = [s for s in record["statements"] if s["stance"] == "pledged"]
    for statement in record["statements"]:
        statement |= {"specific": True, "owners": TEA["statements"][0]["owners"]}
    enter(ledger, record)
    box, bundled = Box(), lambda agency_id: agency_id == TEA_LEAD
    mine = [n for n in ledger.queued() if n.agency_id == TEA_LEAD]
    assert len(mine) > 1
    deliver_waiting(ledger, through(mail=box), NOW, bundled=bundled)
    assert not {n.id for n in mine} & set(box.shown)
    deliver_waiting(ledger, through(mail=box), LATER, bundled=bundled, bundle_now=True)
    parcels = [json.loads(event) for event in box.shown.values() if json.loads(event)["data"]["kind"] == "bundle"]
    assert len(parcels) == 1
    assert sorted(parcels[0]["data"]["notices"]) == sorted(n.id for n in mine)
    assert len(parcels[0]["data"]["items"]) == len(mine)
    assert ledger.queued() == []
    owners = ledger.owners_of(record["statements"][0]["id"])
    assert [row["handed_on"] for row in owners if row["agency_id"] == TEA_LEAD] == ["2026-03-05"]


def test_a_bundle_is_as_restricted_as_its_most_restricted_part() -> None:
    open_, closed = copy.deepcopy(TEA), copy.deepcopy(TEA)
    open_["header"]["disclosure_normalised"], closed["header"]["disclosure_normalised"] = "public_full", "on_request"
    parts = [hand_off(record, route(record, DIRECTORY), DIRECTORY)[0] for record in (open_, closed)]
    assert json.loads(bundle_of(parts, date(2026, 3, 2)).event)["data"]["disclosure"] == "on_request"


def test_the_proposer_is_told_once_the_notice_is_out(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    one, day = TEA["statements"][0]["id"], date(2026, 3, 4)
    directory = Directory.load(LETTERS / "own" / "agencies-south.toml")
    for action, party, fields in (("sign", "owner", {}), ("done", "owner", {"evidence": "报告"}), ("verify", "office", {})):
        who = ("张某", day, "owner", TEA_LEAD) if party == "owner" else ("督查室", day, "office", None)
        take(ledger, directory, Step(one, action, *who, fields), LATER)
    (completion,) = [notice for notice in ledger.queued() if notice.kind == "completion"]
    assert completion.agency_id == "proposer-desk"
    dies = Box(plan=["taken"] * (len(ledger.queued()) - 1) + ["dies after"])
    with pytest.raises(Crash):
        deliver_waiting(ledger, through(mail=dies), LATER)
    assert ledger.commitment(one)["state"] == "verified"  # type: ignore[index]
    deliver_waiting(ledger, through(mail=Box()), "2026-03-05T01:10:00Z")  # the dead one's lease is over
    row = ledger.commitment(one)
    assert row is not None
    assert (row["state"], row["told_on"]) == ("told", "2026-03-05")


FATES = st.lists(st.sampled_from(["taken", "taken", "down", "dies before", "dies after"]), max_size=24)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("bundling", [False, True])
@settings(max_examples=12, deadline=None)
@given(mail=FATES, hook=FATES)
def test_whatever_dies_no_notice_is_lost_or_shown_twice(
    databases: Databases, kind: str, bundling: bool, mail: list[str], hook: list[str]
) -> None:
    ledger = SqlLedger(databases.fresh(kind))
    ledger.create()
    enter(ledger, TEA)
    wanted = {notice.id for notice in ledger.queued()}
    boxes = Box(plan=list(mail)), Box(plan=list(hook))
    channels = through(mail=boxes[0], hook=boxes[1])
    for hour in range(60):
        moment = f"2026-04-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z"
        try:
            deliver_waiting(
                ledger, channels, moment, retries=Retries(limit=99, longest_seconds=60), bundled=lambda _: bundling,
                bundle_now=bundling,
            )  # fmt: skip
        except Crash:
            continue
        if not ledger.queued():
            break
    shown = [json.loads(event) for box in boxes for event in box.shown.values()]
    carried = [one for event in shown for one in (event["data"].get("notices") or [event["id"]])]
    assert sorted(carried) == sorted(wanted)
    assert without_gaps(event["data"]["number"] for event in shown)
    assert ledger.queued() == []
    ledger.close()


def test_a_folder_after_a_crash_holds_each_notice_once(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    channel = FolderChannel(tmp_path)
    first = ledger.queued()[0]
    channel.deliver(first)  # and the process died before the ledger heard of it
    deliver_waiting(ledger, Channels({"folder": channel}, lambda agency_id: "folder"), NOW)
    events = [path.name for path in tmp_path.rglob("*.json")]
    assert len(events) == len(set(events)) == ledger.counts()["notices.sent"]


def test_the_letters_own_run_does_not_wait_for_a_dead_ones_lease(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    wanted = {notice.id for notice in ledger.queued()}
    with pytest.raises(Crash):
        deliver_waiting(ledger, through(mail=Box(plan=["dies after"])), NOW, letter_id=TEA["id"])
    assert len(ledger.queued(now=NOW)) == len(wanted) - 1
    box = Box()
    deliver_waiting(ledger, through(mail=box), NOW, letter_id=TEA["id"])
    assert (set(box.shown), ledger.queued()) == (wanted, [])


@pytest.mark.parametrize("letters_own_comes_first", [True, False])
def test_while_one_run_has_a_notice_in_hand_no_other_sends_it(ledger: SqlLedger, letters_own_comes_first: bool) -> None:
    enter(ledger, TEA)
    wanted = sorted(notice.id for notice in ledger.queued())
    first, second = (TEA["id"], None) if letters_own_comes_first else (None, TEA["id"])
    box = Box()

    class Meanwhile:
        """While it takes a notice, the other run goes through the whole outbox."""

        def deliver(self, notice: Notice) -> str:
            deliver_waiting(ledger, through(mail=box), NOW, letter_id=second)
            return box.deliver(notice)

    deliver_waiting(ledger, Channels({"mail": Meanwhile()}, lambda agency_id: "mail"), NOW, letter_id=first)
    assert (sorted(box.calls), ledger.queued()) == (wanted, [])


def test_a_long_delivery_claims_by_the_clock_not_by_its_beginning(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    wanted = sorted(notice.id for notice in ledger.queued())
    moments = [f"2026-03-02T0{hour}:00:00Z" for hour in range(1, 1 + len(wanted))]
    clock, hour = iter(moments), [""]
    box = Box()

    def tick() -> str:
        hour[0] = next(clock)
        return hour[0]

    class Meanwhile:
        def deliver(self, notice: Notice) -> str:
            assert notice.id not in {one.id for one in ledger.queued(now=hour[0])}
            return box.deliver(notice)

    deliver_waiting(ledger, Channels({"mail": Meanwhile()}, lambda agency_id: "mail"), NOW, clock=tick)
    assert sorted(box.calls) == wanted
