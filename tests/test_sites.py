"""Every site shipped under deployments/sites/ loads: its directory and its profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.letters.agencies import Directory
from flows.letters.profile import SiteProfile

SITES = sorted(path for path in (Path(__file__).parent.parent / "deployments" / "sites").iterdir() if path.is_dir())


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_a_site_loads(site: Path) -> None:
    assert len(Directory.load(site / "agencies.toml")) > 0
    assert SiteProfile.load(site / "site.toml").name
