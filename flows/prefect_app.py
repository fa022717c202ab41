"""Prefect's server with a content security policy: its pages may talk to it and to nobody else.

The UI's script asks an analytics service for settings even where analytics are off; a browser that honours the policy
refuses.  Run by uvicorn as a factory: ``flows.prefect_app:create``.
"""

from __future__ import annotations

import sqlalchemy as sa
from prefect.server.api.server import create_app
from prefect.server.database import orm_models
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'self'",
    )
)


def create() -> ASGIApp:
    """The server's application, every answer of it under the policy."""
    _let_schedules_make_runs()
    return _UnderPolicy(create_app(final=True))


def _let_schedules_make_runs() -> None:
    """Make Prefect's scheduler work with SQLAlchemy 2.1.

    It inserts runs in bulk with their ``state``, a computed attribute that is no column.  SQLAlchemy 2.0 passes over it,
    2.1 refuses the insert unless the attribute says what to do with the value: nothing, the states are inserted after.
    """
    state = sa.inspect(orm_models.FlowRun).all_orm_descriptors["state"]
    if getattr(state, "bulk_dml_setter", state) is None:
        state.bulk_dml_setter = lambda cls, mapping, value: None  # type: ignore[attr-defined]


class _UnderPolicy:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, with_policy if scope["type"] == "http" else send)
