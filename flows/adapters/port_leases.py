"""Ports held for parts that are still to start, so that two systems started at once never choose the same one.

Between choosing a port and the moment its part listens lie seconds.  Whoever chooses binds the UDP port of the same
number on loopback and keeps it: nobody else uses it, every process of the machine and every user sees that it is taken,
and the kernel gives it back the moment the holder dies.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from flows.letters.errors import SettingsError

_HOST = "127.0.0.1"
_TRIES = 50


class PortLeases:
    """The ports one system has chosen; held until ``close``, or the end of the process."""

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def take(self, *ports: int, host: str = _HOST) -> bool:
        """Hold all of ``ports`` if nobody holds any of them or listens there on ``host``; else none."""
        taken: list[int] = []
        for port in ports:
            held = _hold(port, host) if port not in self._held else None
            if held is None:
                for one in taken:
                    self._held.pop(one).close()
                return False
            self._held[port] = held
            taken.append(port)
        return True

    def first(self, candidates: Iterable[int], host: str = _HOST) -> int:
        """The first of ``candidates`` that can be held, else one the system gives; held when this returns."""
        for port in candidates:
            if self.take(port, host=host):
                return port
        for _ in range(_TRIES):
            port = any_port()
            if self.take(port, host=host):
                return port
        raise SettingsError(f"no free port on {host}: is it an address of this machine? stop a program that holds them")

    def close(self) -> None:
        """Give all of them back."""
        while self._held:
            self._held.popitem()[1].close()


def any_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = _HOST) -> bool:
    """Whether a server could listen on ``port`` of ``host`` now, whoever has leased it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As the server itself does: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _hold(port: int, host: str) -> socket.socket | None:
    """The lease of a port; None where another holds it or something listens there on ``host``."""
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.bind((_HOST, port))
    except OSError:
        held.close()
        return None
    if not is_free(port, host):
        held.close()
        return None
    return held
