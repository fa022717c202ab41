"""What several folders of tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_collection() -> Iterator[None]:
    """For tests that compare times: a full collection costs what the whole run keeps alive, not what a text needs."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
