"""Lets the store show, before a letter comes, that it keeps what duban promises of it: for both buckets, as we use them."""

from __future__ import annotations

from dataclasses import dataclass

from flows.adapters.store_answers import Proof
from flows.adapters.store_probe import ProbeReport, probe, reach
from flows.letters.errors import SettingsError
from flows.settings import Settings
from flows.wiring import archive_folder, store_access


@dataclass(frozen=True, slots=True)
class StoreProof:
    """What was tried: the archive's bucket, the restricted one, and whether the first one's credentials reach the other.

    ``claims_apart``: the site gave the restricted bucket credentials of its own, so that they must not.
    """

    reports: tuple[ProbeReport, ProbeReport]
    apart: Proof
    claims_apart: bool

    def require(self, *, lock: bool) -> StoreProof:
        """This proof; ``SettingsError`` naming all that is missing and may not be missing."""
        for report in self.reports:
            report.require(lock=lock)
        if self.claims_apart and not self.apart.proven:
            raise SettingsError(
                f"bucket {self.reports[1].bucket} is not kept apart: {self.apart.detail}\n"
                "Take from the archive's user every right on the restricted bucket."
            )
        return self


def prove_store(settings: Settings) -> StoreProof | None:
    """Try both buckets, each with its own credentials; None where the archive is a folder, in which nothing is locked.

    ``SettingsError`` where a bucket is missing, credentials are refused, or both parts would lie in one bucket;
    ``Unavailable`` where the store cannot be reached.
    """
    if archive_folder(settings) is not None:
        return None
    public, restricted = store_access(settings), store_access(settings, restricted=True)
    if public.bucket == restricted.bucket:
        raise SettingsError(
            f"DUBAN_STORE_BUCKET and DUBAN_STORE_RESTRICTED_BUCKET both name {public.bucket}: letters that are not public "
            "must lie in a bucket of their own"
        )
    reports = (probe(public), probe(restricted))
    claims_apart = not settings.store_url or settings.store_restricted_credentials is not None
    return StoreProof(reports, reach(public, restricted.bucket), claims_apart)
