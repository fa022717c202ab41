"""The lock file: every package pinned with its hashes, none with a known weakness."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

LOCK = Path("requirements.lock").read_text("utf-8")
# A package may be there twice, for different versions of Python.
PINNED = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;]+)", LOCK, re.MULTILINE)
ADVISORIES = tomllib.loads(Path("deployments/advisories.toml").read_text("utf-8"))["advisory"]


def test_every_package_is_pinned_with_its_hashes() -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK)
    named = [block for block in blocks if re.match(r"[a-z0-9][a-z0-9._-]*(\[[^\]]*\])?==", block)]
    assert len(named) == len(PINNED) > 50
    assert [block.split("\n")[0] for block in named if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("advisory", ADVISORIES, ids=lambda a: a["id"])
def test_no_known_weakness(advisory: dict[str, str]) -> None:
    versions = [version for name, version in PINNED if name == advisory["package"]]
    assert versions, "the package is no longer used: take the row out"
    assert all(Version(version) >= Version(advisory["fixed"]) for version in versions)


def test_the_lock_names_no_index() -> None:
    assert "http://" not in LOCK and "https://" not in LOCK
