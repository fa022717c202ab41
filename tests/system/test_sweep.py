"""The scheduled sweep says what became of the letters it took; of a run whose process was killed nothing stays running."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, Task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, TaskRunFilter, TaskRunFilterName
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelling, Completed, Running

from flows import parts, prefect_server, wiring
from flows.ports import original_key
from flows.reaping import Reaper
from tests.system.running import System, letter, wait_for

pytestmark = pytest.mark.timeout(400)
AT_ONCE = {"older_than_seconds": 0}
AT_A_TIME = 20  # what the server gives in one answer: 200 unless set


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose watcher takes nothing that was written in place: such a file has to rest for an hour."""
    home = tmp_path_factory.mktemp("site") / "var"
    ours = {
        "DUBAN_HOME": str(home), "DUBAN_SETTLE_SECONDS": "3600", "DUBAN_POLL_SECONDS": "0.2", "DUBAN_BATCH_SIZE": "20",
        "PREFECT_SERVER_API_DEFAULT_LIMIT": str(AT_A_TIME),
    }  # fmt: skip
    made = System(home, {**os.environ, **ours})
    made.start()
    yield made
    made.stop()
    assert made.children() == {}


def lay(system: System, name: str, text: str) -> None:
    (system.home / "inbox" / name).write_text(text, "utf-8")


def swept(system: System, run: str) -> list[dict[str, str]]:
    """The table of a sweep's run."""
    asked = {"artifacts": {"key": {"any_": ["sweep"]}, "flow_run_id": {"any_": [run]}}}
    (table,) = system.api("/artifacts/filter", asked)
    rows: list[dict[str, str]] = json.loads(table["data"])
    return rows


def test_it_ends_as_its_letters_did(system: System) -> None:
    assert system.run_deployment("sweep-inbox", AT_ONCE)["message"] == "收件箱无滞留来函"
    good, held = letter(501), letter(502).encode()
    key = original_key(hashlib.sha256(held).hexdigest())
    archive = wiring.archive(system.settings)
    archive.put(key, b"other bytes", media_type="text/plain")
    lay(system, "好.txt", good)
    lay(system, "空.txt", "")
    lay(system, "挡.txt", held.decode())

    run = system.start_deployment("sweep-inbox", AT_ONCE)
    state = system.end_of(run)
    assert (state["type"], state["name"]) == ("FAILED", "Failed")
    assert state["message"] == "补办滞留来函3件：归档1件，隔离1件，待重试1件；未办结的留在收件箱，稍后自动重试"
    rows = swept(system, run)
    assert [row["结果"] for row in rows] == ["待重试", "隔离", "归档"]
    assert "already holds other bytes" in rows[0]["说明"] and rows[1]["说明"].endswith("（unreadable_letter）")
    assert [path.name for path in system.inbox_files()] == ["挡.txt"]

    archive.put_back(key, held)
    state = system.run_deployment("sweep-inbox", AT_ONCE)
    assert (state["name"], state["message"]) == ("Completed", "补办滞留来函1件：归档1件")

    lay(system, "又空.txt", " ")
    state = system.run_deployment("sweep-inbox", AT_ONCE)
    assert (state["type"], state["name"], state["message"]) == ("COMPLETED", "Quarantined", "补办滞留来函1件：隔离1件")


def called_by(system: System, run: str) -> list[dict[str, Any]]:
    """The runs that a run called, oldest first."""
    asked = {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}, "sort": "START_TIME_ASC"}
    found: list[dict[str, Any]] = system.api("/flow_runs/filter", asked)
    return found


def test_a_sweep_that_is_killed_leaves_no_run_running(system: System) -> None:
    texts = [letter(600 + number) for number in range(30)]
    for number, text in enumerate(texts):
        lay(system, f"{number}.txt", text)
    before = system.ledger().counts()["letters"]
    run = system.start_deployment("sweep-inbox", AT_ONCE)
    wait_for(lambda: system.ledger().counts()["letters"] > before, 60, "the first letter done")
    (child,) = called_by(system, run)
    assert child["state"]["type"] == "RUNNING"
    open_tasks = {"task_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}
    wait_for(lambda: system.api("/task_runs/filter", open_tasks | {"flow_runs": {"id": {"any_": [child["id"]]}}}), 20, "a task")
    system.children()["worker"].kill()

    wait_for(lambda: system.api(f"/flow_runs/{run}")["run_count"] == 2, 90, "the sweep's second try")
    state = system.end_of(run)
    assert state["type"] == "COMPLETED" and "待重试" not in state["message"], state
    ended = [(one["state"]["type"], one["state"]["message"]) for one in called_by(system, run)]
    assert ended[0] == ("CRASHED", "the process that ran it is gone")
    assert len(ended) > 1 and {kind for kind, _ in ended[1:]} == {"COMPLETED"}
    open_runs = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}}
    wait_for(lambda: system.api("/flow_runs/filter", open_runs) == [], 30, "no run that is running still")
    assert system.api("/task_runs/filter", open_tasks) == []
    assert not system.inbox_files()
    rows = [system.ledger().letter_of(hashlib.sha256(text.encode()).hexdigest()) for text in texts]
    assert len({row["id"] for row in rows if row}) == len(texts)
    each = Counter(row["letter_id"] for row in system.ledger().rows())
    assert len({each[row["id"]] for row in rows if row}) == 1


@pytest.fixture
def client(system: System) -> Iterator[SyncPrefectClient]:
    ports = parts.known_ports(system.settings)
    assert ports is not None
    api = prefect_server.api_url(ports.prefect)
    with SyncPrefectClient(api, auth_string=prefect_server.auth_string(system.home)) as made:
        yield made


class Family:
    """Runs of a flow of its own, with no process behind them: whether they live is said by the test alone."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self.client = client
        self.flow = Flow(lambda: None, name="reaped")
        flow_id = client.create_flow_from_name("reaped")
        self.letters, self.others = (client.create_deployment(flow_id, name) for name in ("letters", "others"))

    def deployed(self, deployment: UUID, *then: State[Any]) -> FlowRun:
        made = self.client.create_flow_run_from_deployment(deployment)
        for state in (Running(), *then):
            self.client.set_flow_run_state(made.id, state, force=True)
        return made

    def called(self, caller: FlowRun) -> FlowRun:
        task = self.client.create_task_run(Task(lambda: None, name="call"), caller.id, dynamic_key="0", state=Running())
        return self.client.create_flow_run(self.flow, parent_task_run_id=task.id, state=Running())

    def states(self, *runs: FlowRun) -> list[str]:
        return [state.name for run in runs if (state := self.client.read_flow_run(run.id).state) is not None]

    def reaper(self, *alive: FlowRun) -> Reaper:
        return Reaper(self.client, [self.letters, self.others], self.letters, lambda: {run.id for run in alive})


def test_only_what_is_dead_is_closed(client: SyncPrefectClient) -> None:
    family = Family(client)
    alive, dead, letters, cancelled, over = (
        family.deployed(family.others), family.deployed(family.others), family.deployed(family.letters),
        family.deployed(family.others, Cancelling()), family.deployed(family.others, Completed()),
    )  # fmt: skip
    own, orphan, left = family.called(alive), family.called(dead), family.called(over)
    grandchild = family.called(orphan)
    by_hand = client.create_flow_run(family.flow, state=Running())  # somebody's own process: not ours to judge
    theirs = family.called(by_hand)
    every = (alive, own, by_hand, theirs, dead, letters, cancelled, orphan, grandchild, left)

    assert family.reaper(alive).reap(timedelta(minutes=5)) == []
    closed = family.reaper(alive).reap()
    assert set(closed) == {run.id for run in (dead, letters, cancelled, orphan, grandchild, left)}
    assert family.states(*every) == [
        *["Running"] * 4, "AwaitingRetry", "Crashed", "Cancelled", "Crashed", "Crashed", "Crashed",
    ]  # fmt: skip
    assert family.reaper(alive).reap() == []
    assert set(family.reaper().reap()) == {alive.id, own.id}


def test_more_than_the_server_gives_at_a_time_are_closed_at_once(client: SyncPrefectClient) -> None:
    family = Family(client)
    task, open_tasks = Task(lambda: None, name="one of many"), TaskRunFilter(name=TaskRunFilterName(any_=["one of many"]))
    runs = [client.create_flow_run_from_deployment(family.letters, state=Running()) for _ in range(AT_A_TIME + 5)]
    for number in range(AT_A_TIME + 5):
        client.create_task_run(task, runs[0].id, str(number), name="one of many", state=Running())
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[run.id for run in runs]))
    assert len(client.read_flow_runs(flow_run_filter=mine)) == AT_A_TIME
    assert set(family.reaper().reap()) == {run.id for run in runs}
    assert family.reaper().reap() == []
    for offset in (0, AT_A_TIME):
        tasks = client.read_task_runs(task_run_filter=open_tasks, offset=offset)
        assert {one.state_type for one in tasks} == {StateType.CRASHED}
