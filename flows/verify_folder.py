"""Checks a proof pack, or a folder copied from the archive, on a machine that has nothing else."""

from __future__ import annotations

from pathlib import Path

from flows.adapters.folder_archive import FolderArchive
from flows.adapters.timestamping import check_token
from flows.letters.errors import SettingsError
from flows.seal_archive import read_witness
from flows.verify_archive import Plan, TokenCheck, Verification, verify_archive, verify_pack


def verify_path(path: Path, witness: Path | None, roots: Path | None) -> Verification:
    """A pack, or a folder copied from the archive, with nothing but the files there.

    A folder with packs and no sealed days is checked pack by pack; one with days but without the loose originals and
    records is checked for its packs.  That no lock can be asked for is said.  ``SettingsError``: nothing to check.
    """
    if path.is_file():
        checked = verify_pack(path.read_bytes(), path.name)
    elif not path.is_dir():
        raise SettingsError(f"{path} does not exist; give a proof pack (.zip) or a folder")
    elif (path / "days").is_dir():
        wanted = None if (path / "originals").is_dir() else (lambda key: key.startswith("packages/"))
        noted = read_witness(witness) if witness else {}
        checked = verify_archive(FolderArchive(path), Plan(wanted=wanted, witness=noted, check_token=token_check(roots)))
    else:
        checked = _packs_under(path)
    checked.add("lock_unknown", str(path))
    return checked


def token_check(roots: Path | None) -> TokenCheck | None:
    """Checks time stamps against the root certificates in ``roots``; None without them."""
    return None if roots is None else lambda document, token: check_token(document, token, roots)


def _packs_under(path: Path) -> Verification:
    packs = sorted(path.rglob("*.zip"))
    if not packs:
        raise SettingsError(f"{path} holds neither sealed days nor proof packs (.zip)")
    total = Verification()
    for pack in packs:
        total.merge(verify_pack(pack.read_bytes(), pack.relative_to(path).as_posix()))
    return total
