"""What must hold before an inbox is used: it is there, it is ours to use, and nothing we write comes back through it."""

from __future__ import annotations

import os
from pathlib import Path


def missing_rights(inbox: Path) -> list[str]:
    """What keeps us from using the inbox at all."""
    if not inbox.is_dir():
        kind = "is no folder" if inbox.exists() else "does not exist"
        return [f"{inbox} {kind}; make it, or start `duban up` once, which makes it"]
    wanted = (("read", os.R_OK), ("write", os.W_OK), ("enter", os.X_OK))
    missing = [word for word, mode in wanted if not _may(inbox, mode)]
    return [f"{inbox}: no right to {', '.join(missing)}; grant it to user id {os.geteuid()}"] if missing else []


def _may(inbox: Path, mode: int) -> bool:
    return os.access(inbox, mode, effective_ids=os.access in os.supports_effective_ids)


def nestings(inbox: Path, outputs: tuple[Path, ...]) -> list[str]:
    """Folders duban writes to would feed the inbox, or the inbox would lie among what it wrote."""
    root = Path(os.path.realpath(inbox))
    faults = []
    for output in outputs:
        other = Path(os.path.realpath(output))
        if other == root or root in other.parents:
            faults.append(f"{output} lies inside the inbox {inbox}; what is written there would be read as letters")
        elif other in root.parents:
            faults.append(f"the inbox {inbox} lies inside {output}; choose separate folders")
    return faults
