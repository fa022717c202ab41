"""Closes the runs whose process is gone: they would stay running in Prefect for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    FlowRunFilterParentTaskRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed

log = logging.getLogger("duban.reaping")

_OPEN = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
_UNFINISHED = FlowRunFilterState(type=FlowRunFilterStateType(any_=_OPEN))
_UNFINISHED_TASKS = TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=_OPEN)))
_GONE = "the process that ran it is gone"
_LETTERS_GONE = f"{_GONE}; its letters are taken up again from the inbox"


_Run = TypeVar("_Run", FlowRun, TaskRun)


def _every(read: Callable[[int], Iterable[_Run]]) -> list[_Run]:
    """All that ``read`` gives from one offset on after the other: the server gives 200 at a time, or what it is set to.

    What ends meanwhile moves the others up, one may then be missed; the next look finds it.
    """
    found, offset = dict[UUID, _Run](), 0
    while page := list(read(offset)):
        found.update((run.id, run) for run in page)
        offset += len(page)
    return list(found.values())


class Reaper:
    """Knows of one worker which runs it has in hand.

    Runs of the deployments ``deployed`` are executed by that worker and by nobody else, and a run that one of them calls
    lives in its process.  So a run is alive while the run at its root is in hand; what has another root is not ours.
    """

    def __init__(
        self,
        client: SyncPrefectClient,
        deployed: Collection[UUID],
        letters: UUID,
        in_hand: Callable[[], Collection[UUID]],
    ) -> None:
        """``letters``: the deployment whose runs are not run again, for the inbox shows what is to be done.

        ``in_hand``: the ids of the deployed runs that the worker has taken and not ended.
        """
        self._client = client
        self._deployed = frozenset(deployed)
        self._letters = letters
        self._in_hand = in_hand

    def reap(self, quiet: timedelta = timedelta(0)) -> list[UUID]:
        """Close what is dead and has not changed for ``quiet``; letters' runs are left so, other deployed runs are run again.

        Called ones go first, so that a caller that is run again finds them closed and calls anew.  Their ids come back.
        """
        limit = datetime.now(UTC) - quiet
        found = [*self._called(), *self._unfinished(FlowRunFilterDeploymentId(any_=list(self._deployed)))]
        # In hand is asked after the server was: what was taken in between is alive.
        dead = [run for run in found if run.state is not None and run.state.timestamp <= limit and self._is_dead(run)]
        for run in dead:
            self._close(run)
        return [run.id for run in dead]

    def _called(self) -> Iterable[FlowRun]:
        called = FlowRunFilterParentTaskRunId(is_null_=False)
        return self._unfinished(FlowRunFilterDeploymentId(is_null_=True), called)

    def _unfinished(
        self, deployment: FlowRunFilterDeploymentId, parent: FlowRunFilterParentTaskRunId | None = None
    ) -> Iterable[FlowRun]:
        wanted = FlowRunFilter(deployment_id=deployment, parent_task_run_id=parent, state=_UNFINISHED)
        return _every(lambda offset: self._client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, offset=offset))

    def _is_dead(self, run: FlowRun) -> bool:
        root = self._root(run)
        return root is not None and root.deployment_id in self._deployed and root.id not in self._in_hand()

    def _root(self, run: FlowRun) -> FlowRun | None:
        """The deployed run that called it, itself where nobody did; None where that cannot be told any more."""
        try:
            while run.deployment_id is None and run.parent_task_run_id is not None:
                caller = self._client.read_task_run(run.parent_task_run_id).flow_run_id
                if caller is None:
                    return None
                run = self._client.read_flow_run(caller)
        except ObjectNotFound:
            return None
        return run

    def _close(self, run: FlowRun) -> None:
        log.warning("run %s (%s): %s", run.id, run.name, _GONE)
        own = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        for task in _every(
            lambda offset: self._client.read_task_runs(
                flow_run_filter=own, task_run_filter=_UNFINISHED_TASKS, sort=TaskRunSort.ID_DESC, offset=offset
            )
        ):
            self._client.set_task_run_state(task.id, Crashed(message=_GONE), force=True)
        if run.state is not None and run.state.type == StateType.CANCELLING:
            self._client.set_flow_run_state(run.id, Cancelled(message=_GONE), force=True)
            return
        letters = run.deployment_id == self._letters
        self._client.set_flow_run_state(run.id, Crashed(message=_LETTERS_GONE if letters else _GONE), force=True)
        if run.deployment_id is not None and not letters:
            self._client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
