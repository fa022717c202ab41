"""The shipped prefect.yaml says the same as the table that `duban up` registers."""

from __future__ import annotations

from pathlib import Path

import yaml

from flows.schedule import DEPLOYMENTS, TIMEZONE

SHIPPED = Path(__file__).parent.parent / "deployments" / "prefect.yaml"


def test_prefect_yaml_and_the_table_agree() -> None:
    told = {
        row["name"]: (row["entrypoint"], row["description"], [(s["cron"], s["timezone"]) for s in row.get("schedules", [])])
        for row in yaml.safe_load(SHIPPED.read_text("utf-8"))["deployments"]
    }
    table = {
        row.flow.name: (
            f"{row.flow.fn.__module__}.{row.flow.fn.__name__}", row.description, [(row.cron, TIMEZONE)] if row.cron else []
        )
        for row in DEPLOYMENTS
    }  # fmt: skip
    assert told == table
