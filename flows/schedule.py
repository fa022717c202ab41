"""What can be run from Prefect's UI and what runs by itself, as one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.process_letter import process_letter
from flows.sweep_inbox import sweep_inbox

TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment: its flow, and when it runs by itself (cron in Beijing time; None: only when asked)."""

    flow: Flow[..., Any]
    cron: str | None
    description: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment as the server knows it."""

    id: UUID
    flow: Flow[..., Any]


DEPLOYMENTS: tuple[Deployment, ...] = (
    Deployment(process_letter, None, "处理收件箱中的一件或多件答复函"),
    Deployment(sweep_inbox, "*/10 * * * *", "巡查收件箱：补办漏掉的来函"),
)


def register(client: SyncPrefectClient) -> tuple[Deployed, ...]:
    """Make the server know every deployment; the same again changes nothing but what differs."""
    found = []
    for row in DEPLOYMENTS:
        deployment = RunnerDeployment.from_flow(
            row.flow,
            name=row.flow.name,
            description=row.description,
            tags=["duban"],
            schedule=Cron(row.cron, timezone=TIMEZONE) if row.cron else None,
            entrypoint_type=EntrypointType.MODULE_PATH,  # a path would load the module again under another name
        )
        deployment.apply()
        found.append(Deployed(client.read_deployment_by_name(f"{row.flow.name}/{row.flow.name}").id, row.flow))
    return tuple(found)
