"""Runs flows one after the other, as the worker does, from lines of JSON: a process of its own that a story may kill.

First line out: ``{"left": [ids of runs that a killed process left, to be run again]}``.  In: ``{"flow": name, "parameters":
{…}}`` or ``{"again": run id}``.  Out: ``{"flow", "run", "type", "message"}``.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from flows import prefect_server
from flows.parts import known_ports
from flows.settings import load_settings


def main() -> None:
    settings = load_settings()
    ports = known_ports(settings)
    assert ports is not None
    os.environ |= prefect_server.client_environment(settings, ports.prefect)

    # Prefect reads its settings on import: the environment comes first.
    from prefect.client.orchestration import get_client
    from prefect.states import Pending

    from flows.schedule import register
    from flows.wiring import wiring
    from flows.worker import Worker, execute

    out = sys.stdout
    sys.stdout = sys.stderr

    def say(told: dict[str, Any]) -> None:
        print(json.dumps(told, ensure_ascii=False), file=out, flush=True)

    with get_client(sync_client=True) as client:
        deployed = register(client)
        by_name, by_id = {row.flow.name: row for row in deployed}, {row.id: row.flow for row in deployed}
        worker = Worker(wiring(), client, deployed)
        worker.reaper.reap()
        waiting = client.get_scheduled_flow_runs_for_deployments(list(by_id))
        say({"left": [str(run.id) for run in waiting if run.state is not None and run.state.name == "AwaitingRetry"]})
        for line in sys.stdin:
            asked = json.loads(line)
            if "again" in asked:
                run = client.read_flow_run(asked["again"])
                client.set_flow_run_state(run.id, Pending(), force=True)
                run = client.read_flow_run(run.id)
            else:
                row = by_name[asked["flow"]]
                run = client.create_flow_run_from_deployment(row.id, parameters=asked["parameters"], state=Pending())
            assert run.deployment_id is not None
            flow = by_id[run.deployment_id]
            state = execute(run, flow)
            say({"flow": flow.name, "run": str(run.id), "type": state.type.value, "message": state.message})


if __name__ == "__main__":
    main()
