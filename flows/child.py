"""One child of ``duban up``: takes its part's environment and dies when its parent does.

    python -m flows.child supervisor | store | server | worker

Secrets reach a part through its environment only, read here from the state directory, so that the
supervisor's configuration holds none.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from flows import parts
from flows.settings import load_settings

_PR_SET_PDEATHSIG = 1


def main(part: str) -> None:
    """Become the part: ``store`` and ``server`` replace this process."""
    _die_with_parent()
    settings = load_settings()
    if part == "supervisor":
        from supervisor import supervisord

        supervisord.main(["-c", str(settings.run / "supervisord.conf")])
        return
    if (taken := parts.taken_port(part, settings)) is not None:
        # Between the choice of a port and this moment another program was quicker: nothing would ever answer here.
        parts.mark_refused(settings, f"{taken} was taken by another program while duban started; start duban again")
        sys.exit(1)
    command, directory, environment = parts.part_command(part, settings)
    os.environ.update(environment)
    os.chdir(directory)
    if part == "worker":
        from flows.worker import run_worker  # Prefect reads its settings on import: the environment comes first

        sys.exit(run_worker(settings))
    os.execv(command[0], list(command))  # noqa: S606 - our own program, no shell


def _die_with_parent() -> None:
    """A killed ``duban up`` must leave nothing behind that holds ports and data (Linux only; elsewhere a no-op)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])
