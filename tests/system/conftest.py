"""One whole system for each module of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.system.running import System


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home = tmp_path_factory.mktemp("site") / "var"
    environment = {
        **os.environ, "DUBAN_HOME": str(home), "DUBAN_SETTLE_SECONDS": "0.3", "DUBAN_SWEEP_SECONDS": "2",
        "DUBAN_POLL_SECONDS": "0.5",
    }  # fmt: skip
    made = System(home, environment)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()
    assert made.children() == {}
