"""The warm process that watches the inbox and executes flow runs in itself: no start-up cost per letter."""

from __future__ import annotations

import hashlib
import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import OrchestrationResult
from prefect.context import SettingsContext, SyncClientContext, get_settings_context
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY
from prefect.states import Pending

from flows import prefect_server, up
from flows.adapters import embedded_store
from flows.adapters.inbox_folder import Seen
from flows.artifacts import restate_letters
from flows.demo import SAMPLE
from flows.discretion import trace_of
from flows.letters.errors import DubanError, RulesError, SettingsError, Unavailable
from flows.letters.model import Original
from flows.letters.understanding import understand
from flows.parts import known_ports, mark_refused
from flows.process_letter import LetterRef, process_letter
from flows.reaping import Reaper
from flows.schedule import Deployed, register
from flows.settings import Settings
from flows.store_proof import prove_store
from flows.tasks import STOPPING
from flows.watch_inbox import InboxWatch
from flows.wiring import Wiring, wiring

log = logging.getLogger("duban.worker")

# How long a letter rests before it is taken again after its run failed because the world was down.
_REST_SECONDS = 15.0
# How often dead runs are looked for.  A run that this process has just begun may be seen before it is noted as in hand;
# Prefect's client tries a request again for less than three minutes.
_REAP_EVERY, _REAP_QUIET = 60.0, timedelta(minutes=5)


def run_worker(settings: Settings) -> int:
    """Serve until SIGTERM; returns the exit code.  The supervisor starts it again whenever it dies."""
    _log_to_stderr()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: STOPPING.set())
    if not _server_answers(settings):
        return 0
    try:
        made = _made(settings)
        with get_client(sync_client=True) as client:
            Worker(made, client, register(client)).serve()
    except (SettingsError, RulesError, Unavailable) as fault:
        log.error("cannot start: %s", fault)
        if not isinstance(fault, Unavailable):
            mark_refused(settings, str(fault))
        return 1
    return 0


def _log_to_stderr() -> None:
    """Our own loggers write to the worker's log file; Prefect has set up the root logger for its own ends."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("duban")
    ours.setLevel(logging.INFO)
    ours.addHandler(handler)
    ours.propagate = False
    # What ends a thread would be printed with its message, and an error of the file system quotes the file's name.
    threading.excepthook = lambda ended: log.error("a thread ended: %s", trace_of(ended.exc_value or ended.exc_type()))


def _server_answers(settings: Settings) -> bool:
    ports = known_ports(settings)
    while ports and not STOPPING.wait(0.2):
        if prefect_server.is_healthy(settings, ports.prefect):
            return True
    return False


def _made(settings: Settings) -> Wiring:
    """The adapters, once the store answers and has proven what it does.  Waits while a part is still starting."""
    while True:
        try:
            if settings.self_test:
                make_sure_of_store(settings)
            made = wiring()
            warm_up(made)
            return made
        except Unavailable as fault:
            log.warning("waiting: %s", fault)
            if STOPPING.wait(0.5):
                raise


def warm_up(made: Wiring) -> None:
    """Load rules and readers by understanding the sample letter, so that the first real one pays nothing for it."""
    data = SAMPLE.read_bytes()
    original = Original(SAMPLE.name, hashlib.sha256(data).hexdigest(), len(data), "text/plain", "2026-01-01T00:00:00Z")
    understand(made.read(data, SAMPLE.name), original, made.directory, made.site)


def make_sure_of_store(settings: Settings) -> None:
    """Make the embedded store's buckets, then let both buckets show what they do.

    Raises ``SettingsError`` naming what is missing: duban claims nothing it cannot prove.
    """
    if not settings.store_url:
        store = embedded_store.known(settings.home)
        if store is not None:
            store.wait_ready()
            store.create_buckets()
    proof = prove_store(settings)
    if proof is None:
        log.warning("the archive is a folder: nothing in it can be locked; proof rests on packs, days and the witness")
        return
    proof.require(lock=bool(settings.store_lock))
    for report in proof.reports:
        proven = len(report.proofs) - len(report.unproven)
        log.info("store %s: %d properties of %d proven", report.where, proven, len(report.proofs))
        for one in report.unproven:
            log.warning("store %s: %s is not proven and not claimed, as the settings say: %s", report.where, one.code, one.detail)
    if not proof.apart.proven:
        log.warning("both buckets have the same credentials: %s", proof.apart.detail)


class Worker:
    """Takes settled letters and runs that are due, and executes them here, a few at a time."""

    def __init__(self, made: Wiring, client: SyncPrefectClient, deployed: Sequence[Deployed]) -> None:
        self._made = made
        self._client = client
        self._deployed = {row.id: row for row in deployed}
        self._letters_deployment = next(row.id for row in deployed if row.flow is process_letter)
        self._in_hand: set[UUID] = set()
        self.reaper = Reaper(client, self._deployed, self._letters_deployment, lambda: self._in_hand)
        self._boot = datetime.now(UTC).isoformat()
        settings = made.settings
        self._pool = ThreadPoolExecutor(settings.letter_runs * 2, "letters")
        self._others = ThreadPoolExecutor(2, "runs")
        self._lanes = {heavy: threading.BoundedSemaphore(settings.letter_runs) for heavy in (False, True)}
        self._watch = InboxWatch(
            made.inbox,
            settle_seconds=settings.settle_seconds,
            sweep_seconds=settings.sweep_seconds,
            polling=settings.polling,
        )

    def serve(self) -> None:
        """Until told to stop.  What is not finished then is taken up again at the next start."""
        self.reaper.reap()
        poll = threading.Thread(target=self._poll_loop, name="poll", daemon=True)
        poll.start()
        with self._watch:
            up.mark_ready(self._made.settings)
            log.info("watching %s", self._made.settings.inbox)
            with ThreadPoolExecutor(len(self._lanes), "lanes") as lanes:
                for lane in [lanes.submit(self._serve_lane, heavy) for heavy in self._lanes]:
                    lane.result()  # raises what ended it: the watcher's death ends the worker, which is started again
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._others.shutdown(wait=False, cancel_futures=True)

    # -- letters --------------------------------------------------------------------------------------------------

    def _serve_lane(self, heavy: bool) -> None:
        """Text letters and letters that cost seconds a page go in runs of their own: neither waits for the other.

        Letters are taken only when a run can begin: those that wait cost nothing.
        """
        lane = self._lanes[heavy]
        while not STOPPING.is_set():
            if not lane.acquire(timeout=0.2):
                continue
            seen = self._watch.take(limit=self._made.settings.batch_size, timeout=0.2, heavy=heavy)
            if seen:
                self._pool.submit(self._run_letters, seen, lane)
            else:
                lane.release()

    def _run_letters(self, seen: list[Seen], lane: threading.BoundedSemaphore) -> None:
        rest: float | None = None
        try:
            refs = [self._ref(one) for one in seen]
            key = hashlib.sha256("\n".join([self._boot, *(one.key for one in seen)]).encode()).hexdigest()
            run = self._client.create_flow_run_from_deployment(
                self._letters_deployment,
                parameters={"letters": [ref.model_dump(exclude_none=True) for ref in refs]},
                state=Pending(),
                idempotency_key=key,
            )
            with self._holding(run.id):
                execute(run, process_letter)
        except Exception as fault:  # the border of the worker: a fault of one run must not stop the others
            log.error("a run with %d letters could not be executed; they are taken again: %s", len(seen), trace_of(fault))
            rest = _REST_SECONDS
        finally:
            lane.release()
            self._watch.release(seen, retry_after=rest)

    def _ref(self, seen: Seen) -> LetterRef:
        """With the content's hash, so that the run can be repeated when the file has left the inbox."""
        try:
            claimed = self._made.inbox.claim(seen.path)
        except DubanError:
            claimed = None  # the task meets the same fault and gives it its fate
        return LetterRef(handle=self._made.inbox.handle(seen.path), sha256=claimed.sha256 if claimed else None)

    # -- runs started in the UI or by schedule ----------------------------------------------------------------------

    def _poll_loop(self) -> None:
        looked = time.monotonic()
        while not STOPPING.wait(self._made.settings.poll_seconds):
            try:
                self._take_due()
                restate_letters(self._made)
                if time.monotonic() - looked > _REAP_EVERY:
                    looked = time.monotonic()
                    self.reaper.reap(_REAP_QUIET)
            except Exception:  # the server may be away for a while; the loop must outlive it
                log.exception("the server could not be asked for due runs; asking again")

    def _take_due(self) -> None:
        soon = datetime.now(UTC) + timedelta(seconds=self._made.settings.poll_seconds)
        due = self._client.get_scheduled_flow_runs_for_deployments(list(self._deployed), scheduled_before=soon, limit=20)
        for found in due:
            run = self._client.read_flow_run(found.id)
            answer: OrchestrationResult[Any] = self._client.set_flow_run_state(run.id, Pending(message="taken by the worker"))
            if answer.state is not None and answer.state.type == StateType.PENDING and run.deployment_id:
                self._in_hand.add(run.id)  # it may wait for its turn
                self._others.submit(self._run_other, run.id, run.deployment_id)

    def _run_other(self, run_id: UUID, deployment_id: UUID) -> None:
        with self._holding(run_id):
            try:
                execute(self._client.read_flow_run(run_id), self._deployed[deployment_id].flow)
            except Exception as fault:  # the border of the worker, as above
                log.error("run %s could not be executed: %s", run_id, trace_of(fault))

    @contextmanager
    def _holding(self, run_id: UUID) -> Iterator[None]:
        """It is alive meanwhile; what the server still thinks unfinished afterwards is dead."""
        self._in_hand.add(run_id)
        try:
            yield
        finally:
            self._in_hand.discard(run_id)


def execute(run: FlowRun, flow: Flow[..., Any]) -> State[Any]:
    """Execute a run in this thread, to its end; the state it ended in comes back.

    Of what Prefect does around each run some things cost more than a letter and serve nobody here.
    """
    # A client of its own for each run reads the bundle of authorities and connects anew, settings of its own are read from
    # their files anew: a thread enters both once and never leaves them.
    if SyncClientContext.get() is None:
        shared = get_settings_context()
        # The heartbeat's thread would be joined for a second at each end; the reaper finds dead runs instead.
        settings = shared.settings.copy_with_update(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
        SettingsContext(profile=shared.profile, settings=settings).__enter__()
        SyncClientContext().__enter__()
    # Of a deployed run Prefect watches, in a thread with an event stream, whether it is suspended: a fifth of a second at
    # its end.  Nothing here can be suspended; once begun it is read from the server with its deployment.
    unwatched = run.model_copy(update={"deployment_id": None})
    return run_flow(flow, flow_run=unwatched, return_type="state")  # type: ignore[return-value]
