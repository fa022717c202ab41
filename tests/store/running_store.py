"""Starts and stops a prepared store for the tests."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys

from flows.adapters.embedded_store import EmbeddedStore


def start(store: EmbeddedStore) -> subprocess.Popen[bytes]:
    """Start the prepared store and wait until it answers."""
    with open(store.directory / "log", "ab") as log:
        process = subprocess.Popen(
            store.argv, cwd=store.directory, env=os.environ | store.environment, stdout=log, stderr=log,
            preexec_fn=_die_with_parent,
        )  # fmt: skip
    store.wait_ready()
    return process


def _die_with_parent() -> None:
    """Tests that are killed leave no store behind (Linux only; elsewhere a no-op)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=60)  # a busy machine stops it slowly
