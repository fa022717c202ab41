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

from flows.audit_archive import audit_archive, seal_day
from flows.chase_deadlines import chase_deadlines
from flows.deliver_notices import deliver_notices, deliver_parcels
from flows.process_letter import process_letter
from flows.receive_returns import answer_commitment, receive_returns
from flows.report_ledger import report_ledger
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
    Deployment(seal_day, "10 0 * * *", "每日封存：制作证据包和封存清单"),
    Deployment(audit_archive, "30 2 * * *", "核验档案库：发现损坏即报警并修复"),
    Deployment(sweep_inbox, "*/10 * * * *", "巡查收件箱：补办漏掉的来函"),
    Deployment(deliver_notices, "*/5 * * * *", "送达：发送待发通知，未送达的按间隔重试"),
    Deployment(deliver_parcels, "0 9 * * *", "每日合并送达：同一单位的多件通知合为一件"),
    Deployment(chase_deadlines, "30 7 * * *", "催办：进度灯、到期提醒、催办单、年度清单、跨年结转"),
    Deployment(receive_returns, "*/5 * * * *", "收取回执：办理报送文件夹中的回执表"),
    Deployment(answer_commitment, None, "答复承诺事项：签收、异议、改派、进展、延期、办结、核实、销号"),
    Deployment(report_ledger, "0 8 * * 1", "周报：台账工作簿和办理情况周报"),
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
