"""Starts and stops a prepared store for the tests."""

from __future__ import annotations

import os
import subprocess

from flows.adapters.embedded_store import EmbeddedStore


def start(store: EmbeddedStore) -> subprocess.Popen[bytes]:
    """Start the prepared store and wait until it answers."""
    with open(store.directory / "log", "ab") as log:
        process = subprocess.Popen(
            store.argv, cwd=store.directory, env=os.environ | store.environment, stdout=log, stderr=log
        )
    store.wait_ready()
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=15)
