"""Prefect's server as duban runs it: on loopback unless set, behind a generated password, offline, with its own clean-up."""

from __future__ import annotations

import base64
import secrets
import sys
import urllib.error
import urllib.request
from pathlib import Path

from flows.settings import Settings

_USER = "duban"


def auth_string(home: Path) -> str:
    """``user:password`` of the UI and the API, generated once and kept in the state directory, mode 600."""
    path = home / "prefect" / "auth"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(f"{_USER}:{secrets.token_urlsafe(18)}\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def api_url(port: int, host: str = "127.0.0.1") -> str:
    """Where the API answers on this machine."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/api"


def ui_url(port: int, settings: Settings | None = None) -> str:
    """Where a person's browser finds the UI: through the site's proxy where it named one."""
    if settings is not None and settings.prefect_url:
        return settings.prefect_url.rstrip("/") + "/"
    return api_url(port, settings.prefect_host if settings else "127.0.0.1").removesuffix("api")


def client_environment(settings: Settings, port: int) -> dict[str, str]:
    """What a process needs to talk to the server; also keeps Prefect from calling anybody else."""
    found = {
        "PREFECT_HOME": str(settings.home / "prefect"),
        "PREFECT_API_URL": api_url(port, settings.prefect_host),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "DO_NOT_TRACK": "1",
    }
    if settings.prefect_auth:
        found["PREFECT_API_AUTH_STRING"] = auth_string(settings.home)
    return found


def server_environment(settings: Settings, port: int) -> dict[str, str]:
    """The server's own settings: SQLite under the state directory, old runs, logs and events deleted on schedule."""
    retention = str(settings.retention_days * 24 * 3600)
    found = client_environment(settings, port) | {
        "PREFECT_SERVER_API_HOST": settings.prefect_host,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_UI_API_URL": f"{ui_url(port, settings)}api",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs,orphans",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": retention,
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{settings.retention_days}D",
    }
    if settings.prefect_auth:
        found["PREFECT_SERVER_API_AUTH_STRING"] = auth_string(settings.home)
    return found


def server_command(settings: Settings, port: int) -> list[str]:
    return [
        sys.executable, "-m", "uvicorn", "--factory", "flows.prefect_app:create",
        "--host", settings.prefect_host, "--port", str(port), "--log-level", "warning",
    ]  # fmt: skip


def is_healthy(settings: Settings, port: int, timeout: float = 2.0) -> bool:
    """Whether the server answers on its health path; an answer that asks for a password is an answer."""
    request = urllib.request.Request(f"{api_url(port, settings.prefect_host)}/health")  # noqa: S310 - our own address
    if settings.prefect_auth:
        token = base64.b64encode(auth_string(settings.home).encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
