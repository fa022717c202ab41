"""Prefect's server with a content security policy: its pages may talk to it and to nobody else.

The UI's script asks an analytics service for settings even where analytics are off; a browser that honours the policy
refuses.  Run by uvicorn as a factory: ``flows.prefect_app:create``.
"""

from __future__ import annotations

from prefect.server.api.server import create_app
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
    return _UnderPolicy(create_app(final=True))


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
