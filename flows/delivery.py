"""Sends what waits in the outbox: each notice by its agency's channel, marked sent after the channel said so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.errors import Unavailable, Undeliverable
from flows.letters.lifecycle import Step, decide
from flows.letters.model import Notice
from flows.letters.outgoing import Retries, bundle_of, later
from flows.letters.sheets import Templates
from flows.letters.workdays import beijing_day
from flows.ports import Channel

DELIVERER = "deliver-notices"
# Longer than any channel takes for one notice; after a crash it is tried again no sooner.
LEASE_SECONDS = 120.0
_BUNDLED = frozenset({"hand_off", "reminder"})


@dataclass(frozen=True)
class Channels:
    """Which way to each agency: ``kind_of`` gives its channel's name, those not in ``by_kind`` use the folder."""

    by_kind: Mapping[str, Channel]
    kind_of: Callable[[str], str]

    def of(self, agency_id: str) -> tuple[str, Channel]:
        """Name and channel; channels are told apart by name: one that is down holds back only its own."""
        kind = self.kind_of(agency_id)
        return kind, self.by_kind[kind]


@dataclass
class Delivered:
    """What one delivery did: how many notices were sent, put off, or given up; which channels were down."""

    sent: int = 0
    put_off: int = 0
    dead: int = 0
    down: dict[str, str] = field(default_factory=dict)
    by_kind: Counter[str] = field(default_factory=Counter)


def deliver_waiting(
    ledger: SqlLedger,
    channels: Channels,
    now: str,
    *,
    letter_id: str | None = None,
    retries: Retries | None = None,
    bundled: Callable[[str], bool] = lambda agency_id: False,
    bundle_now: bool = False,
    templates: Templates | None = None,
    clock: Callable[[], str] | None = None,
) -> Delivered:
    """Send every notice whose time has come (of one letter, where given); what fails is put off, nothing is lost.

    ``bundled`` tells the agencies that get one parcel instead of single notices: theirs wait until ``bundle_now``.
    A crash anywhere between leaves the notice queued: it is delivered again under the same id.  A notice is claimed
    before it is sent: runs at the same time never send it both, and a dead run's claim ends ``LEASE_SECONDS`` after it
    was made.  ``clock`` tells when that is (``now`` where left out): a long delivery must not claim by its beginning.
    """
    done = Delivered()
    clock = clock or (lambda: now)
    if bundle_now:
        make_bundles(ledger, bundled, now, templates)
    # The letter's own run, back after a crash, goes on with what it had in hand: there is one such run at a time.
    # Of scheduled deliveries two may run at once: each has a name of its own.
    own = letter_id is not None
    by = f"letter:{letter_id}" if own else f"{DELIVERER}:{uuid4()}"
    for waiting in ledger.queued(letter_id, limit=5000, now=None if own else now):
        if waiting.kind in _BUNDLED and bundled(waiting.agency_id) and not bundle_now:
            continue
        kind, channel = channels.of(waiting.agency_id)
        if kind in done.down:
            done.put_off += 1
            continue
        moment = clock()
        notice = ledger.claim(waiting.id, by, moment, later(moment, LEASE_SECONDS), at_once=own, again=own)
        if notice is not None:
            _deliver_one(ledger, notice, kind, channel, now, retries or Retries(), done)
    if not own:
        tell_proposers(ledger, now)
    return done


def _deliver_one(
    ledger: SqlLedger, notice: Notice, kind: str, channel: Channel, now: str, retries: Retries, done: Delivered
) -> None:
    try:
        where = channel.deliver(notice)
    except Undeliverable as fault:
        ledger.not_sent(notice.id, fault.message, dead=True)
        done.dead += 1
        return
    except Unavailable as fault:
        # Only the notice that met the fault counts a try; those behind it were not tried.
        attempts = ledger.attempts_of(notice.id) + 1
        last = retries.is_last(attempts)
        ledger.not_sent(notice.id, fault.message, retries.next_try(notice.id, attempts, now), dead=last)
        done.down[kind] = fault.message
        done.dead += last
        done.put_off += not last
        return
    ledger.sent([(notice.id, where)], now)
    done.sent += 1
    done.by_kind[notice.kind] += 1


def make_bundles(ledger: SqlLedger, bundled: Callable[[str], bool], now: str, templates: Templates | None = None) -> int:
    """Put the waiting hand-offs and reminders of each bundled agency into one parcel; returns how many parcels."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for row in ledger.waiting(now):
        if row["kind"] in _BUNDLED and row["number"] is None and bundled(row["agency_id"]):
            waiting[row["agency_id"]].append(row["id"])
    made = 0
    for ids in waiting.values():
        if len(ids) > 1:
            parts = list(_found(ledger, ids))
            made += ledger.bundle(bundle_of(parts, beijing_day(now), templates), ids, now)
    return made


def tell_proposers(ledger: SqlLedger, now: str) -> int:
    """Note of verified commitments whose completion notice went out that the proposer was told; returns how many.

    Asked of the ledger, not remembered from the sending: a crash between the two loses nothing.
    """
    told = 0
    for row in ledger.in_state("verified"):
        out = [n for n in ledger.notices_about(row["id"]) if n["kind"] == "completion" and n["state"] == "sent"]
        if out:
            step = Step(row["id"], "tell", DELIVERER, beijing_day(out[-1]["sent_at"]), "program")
            ledger.apply(decide(row, ledger.owners_of(row["id"]), step), now)
            told += 1
    return told


def _found(ledger: SqlLedger, ids: Iterable[str]) -> Iterable[Notice]:
    for notice_id in ids:
        notice = ledger.notice(notice_id)
        if notice is not None:
            yield notice
