"""Prefect's server listens on loopback unless set otherwise, and elsewhere only behind its password."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows import prefect_server
from flows.adapters.port_leases import any_port
from flows.letters.errors import SettingsError
from flows.settings import load_settings
from tests.system.running import wait_for


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"prefect_host": "0.0.0.0"}, "one address"),  # noqa: S104 - refused
        ({"prefect_host": "::"}, "one address"),
        ({"prefect_host": "localhost"}, "no name"),
        ({"prefect_host": "10.1.2.3", "prefect_auth": False}, "only loopback"),
    ],
)
def test_what_would_stand_open_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        load_settings(**given)


def test_browsers_are_sent_where_the_proxy_is(tmp_path: Path) -> None:
    behind = load_settings(home=tmp_path, prefect_url="https://duban.example.gov.cn")
    assert prefect_server.ui_url(4200, behind) == "https://duban.example.gov.cn/"
    told = prefect_server.server_environment(behind, 4200)
    assert told["PREFECT_UI_API_URL"] == "https://duban.example.gov.cn/api"
    assert (told["PREFECT_API_URL"], told["PREFECT_SERVER_API_HOST"]) == ("http://127.0.0.1:4200/api", "127.0.0.1")
    elsewhere = load_settings(home=tmp_path, prefect_host="fd00::5")
    assert prefect_server.server_environment(elsewhere, 4200)["PREFECT_UI_API_URL"] == "http://[fd00::5]:4200/api"


@pytest.mark.timeout(120)
def test_it_listens_where_it_is_told_and_asks_for_the_password(tmp_path: Path) -> None:
    """On another address of this machine, which no other test uses."""
    settings, port = load_settings(home=tmp_path, prefect_host="127.0.0.9"), any_port()
    environment = os.environ | prefect_server.server_environment(settings, port)
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(prefect_server.server_command(settings, port), env=environment, stdout=log, stderr=log)
    try:
        wait_for(lambda: prefect_server.is_healthy(settings, port), 90, "the server's answer")
        listening = {c.laddr.ip for c in psutil.Process(server.pid).net_connections("tcp") if c.status == "LISTEN"}
        assert listening == {"127.0.0.9"}
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{prefect_server.api_url(port, '127.0.0.9')}/flows/count", data=b"{}", timeout=10)
        assert refused.value.code == 401
    finally:
        server.terminate()
        server.wait(20)
