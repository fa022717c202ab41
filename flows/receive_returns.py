"""Answers of owners: the returns folder on schedule, and one answer through the form of Prefect's UI."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed
from pydantic import BaseModel, ConfigDict, Field

from flows.answering import take
from flows.delivery_wiring import templates
from flows.form_key import forms
from flows.letters.errors import ChangedMeanwhile, StepRefused
from flows.letters.lifecycle import Step
from flows.moment import as_of, now
from flows.receiving import Desk, receive
from flows.site_calendar import calendar
from flows.wiring import wiring

Action = Literal[
    "sign", "object", "progress", "extend", "done",
    "confirm", "issue", "reassign", "uphold", "grant", "refuse", "return", "verify", "rate", "close", "fail", "withdraw",
    "reopen",
]  # fmt: skip


class CommitmentAnswer(BaseModel):
    """One answer or decision about one commitment, as the form in the UI asks for it."""

    model_config = ConfigDict(frozen=True)

    commitment_id: str = Field(description="承诺编号")
    action: Action = Field(
        description="签收sign、异议object、进展progress、申请延期extend、报告办结done；督办部门：确认confirm、交办issue、改派reassign、"
        "维持uphold、准予延期grant、不准refuse、退回return、核实verify、评价rate、销号close、未落实fail、撤回withdraw、重开reopen"
    )
    by: str = Field(description="办理人：单位和姓名")
    day: date | None = Field(None, description="办理日期：该步骤实际发生的日期，留空为今天")
    agency_id: str | None = Field(None, description="责任单位编号；督办部门办理时留空")
    to_agency: str | None = Field(None, description="改派或交办给哪个单位：编号或全称")
    reason: str | None = Field(None, description="理由（异议、改派、延期、退回、未落实、撤回）")
    text: str | None = Field(None, description="进展情况")
    evidence: str | None = Field(None, description="佐证材料")
    responsible: str | None = Field(None, description="责任人")
    until: date | None = Field(None, description="申请延期至")
    done_on: date | None = Field(None, description="办结日期，留空为办理日期")
    rating: str | None = Field(None, description="提案者评价：满意、基本满意、不满意")
    signer: str | None = Field(None, description="未落实说明的签发人")
    number: str | None = Field(None, description="未落实说明的文号")

    def step(self, today: date) -> Step:
        """The step this form asks for, on ``today`` where it does not say its day."""
        given = self.model_dump(mode="json", exclude={"commitment_id", "action", "by", "day", "agency_id", "to_agency"})
        fields = {name: value for name, value in given.items() if value is not None}
        if self.to_agency:
            fields["agency_id"] = self.to_agency
        party: Literal["owner", "office"] = "owner" if self.agency_id else "office"
        return Step(self.commitment_id, self.action, self.by, self.day or today, party, self.agency_id, fields)


@flow(name="receive-returns", description="收取回执：办理报送文件夹中的回执表")
def receive_returns(today: date | None = None) -> State[Any]:
    """Work through the returns folder; a form counts once, however often it is dropped."""
    made, log = wiring(), get_run_logger()
    settings = made.settings
    with as_of(today) as day:
        desk = Desk(made.ledger, made.directory, forms(settings), day, now(), calendar(settings), templates(settings))
        done = receive(settings.returns, desk, settings.settle_seconds)
    # A form may be called like its letter, and its reasons quote it: all may read this, so it says where they are.
    for digits, fate in done.aside:
        log.warning("not taken: a form; its name begins with %s in returns/%s now, the reasons lie beside it", digits, fate)
    for fault in done.unread:
        log.warning("a form in returns/ could not be read (%s) and was left there", fault)
    words = {
        "已受理": done.forms["taken"], "退回": done.forms["refused"], "重复": done.forms["known"],
        "待人工核实": done.forms["review"], "无法读取": len(done.unread),
    }  # fmt: skip
    summary = "，".join(f"{word}{count}份" for word, count in words.items() if count) or "没有新的回执"
    return Completed(message=f"{summary}；答复{done.answers}项")


@flow(
    name="answer-commitment", description="答复承诺事项：签收、异议、改派、进展、延期、办结、核实、销号", validate_parameters=True
)
def answer_commitment(answer: CommitmentAnswer, today: date | None = None) -> State[Any]:
    """Take one step, refused with its reason where it is not allowed."""
    made = wiring()
    try:
        with as_of(today) as day:
            taken = take(
                made.ledger, made.directory, answer.step(day), now(), templates(made.settings), calendar(made.settings)
            )
    except (StepRefused, ChangedMeanwhile) as fault:
        return Failed(message=fault.message)
    return Completed(message=f"{taken.commitment_id}：{taken.before} → {taken.after}，生成通知{taken.notices}件")
