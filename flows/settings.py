"""Every ``DUBAN_*`` setting, once, typed."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.letters.errors import SettingsError

DEMO_DIRECTORY = Path(__file__).resolve().parent / "demo" / "agencies.toml"


class Settings(BaseSettings):
    """The settings of one site.  Each can be given as an environment variable ``DUBAN_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="DUBAN_", extra="ignore", frozen=True)

    home: Path = Field(Path("var"), description="state directory: everything duban keeps on this machine")
    agencies: Path = Field(DEMO_DIRECTORY, description="the site's agency directory (TOML)")
    site: Path | None = Field(None, description="the site's profile (TOML): labels, routing, policy; empty: the shipped one")

    prefect_auth: bool = Field(True, description="Prefect's UI and API ask for the generated password")
    prefect_host: str = Field(
        "127.0.0.1",
        description="address Prefect's server and UI listen on; another than loopback is refused without the password",
    )
    prefect_url: str = Field(
        "", description="address at which browsers reach the UI through the site's TLS proxy; empty: host and port themselves"
    )
    prefect_port: int = Field(4200, ge=1, le=65535, description="port of Prefect's server and UI; a free one if taken")
    store_port: int = Field(8333, ge=1, le=65535, description="port of the embedded store; a free one if taken")
    store_url: str = Field("", description="S3 endpoint of your own store, or file:///… for a folder; empty: the embedded one")
    store_bucket: str = Field("duban", description="bucket of the archive")
    store_region: str = Field("us-east-1", description="region named in S3 signatures")
    store_restricted_bucket: str = Field("duban-restricted", description="bucket of letters that are not public")
    store_credentials: Path | None = Field(
        None, description="JSON file with access_key and secret_key of the writer; empty: the usual AWS chain"
    )
    store_restricted_credentials: Path | None = Field(
        None, description="the same for the restricted bucket; empty: as for the archive's bucket"
    )
    store_path_style: bool = Field(True, description="bucket in the path of the URL, not in the host name")
    store_ca_bundle: Path | None = Field(None, description="certificates that the store's own is checked against")
    store_encryption: Literal["", "AES256", "aws:kms"] = Field("", description="server-side encryption asked of the store")
    store_kms_key: str = Field("", description="key id for aws:kms")
    store_lock: Literal["governance", "compliance", ""] = Field(
        "governance", description="Object Lock of what is archived; compliance cannot be undone by anybody; empty: none"
    )
    store_lock_days: int = Field(30 * 366, ge=1, description="how long the store refuses to delete, in days")
    store_without: str = Field(
        "",
        description="what your own store cannot do and you accept, with commas: checksums (everything written is read again), "
        "conditional_writes (looked for before and after; the bucket must keep versions)",
    )
    audit_whole: int = Field(5000, ge=0, description="an archive of up to so many objects is checked whole each time")
    audit_days: int = Field(30, ge=1, description="in a larger archive each object is checked once in so many days")
    replica: Path | None = Field(None, description="folder with a second copy of the archive, for repairs")
    timestamp_url: str = Field("", description="RFC 3161 authority that stamps each sealed day; empty: none")
    timestamp_roots: Path | None = Field(None, description="PEM file with the root certificates of that authority")
    mail_server: str = Field("", description="smtps://user:password@host or smtp+starttls://…; empty: no mail")
    mail_sender: str = Field("", description="the address notices are sent from, such as 督办室 <duban@example.gov.cn>")
    webhook_secret: Path | None = Field(None, description="file with the secret that signs webhooks; empty: no webhooks")
    bundled_agencies: str = Field("", description="ids of agencies that get one parcel a day, with commas; *: all")
    templates: Path | None = Field(None, description="folder with the site's own notice templates")
    holidays: Path | None = Field(None, description="TOML with holidays of years the library does not know yet")
    ledger_url: str = Field("", description="SQLAlchemy URL of the ledger; empty: SQLite under the state directory")

    read_cpu_seconds: int = Field(30, ge=1, description="CPU seconds reading one file may take before it is refused")
    read_memory_mb: int = Field(1024, ge=256, description="memory a reader process may take, in MiB")
    recognisers: int = Field(1, ge=1, le=32, description="processes that recognise scanned pages, one core each")
    recognised_pages: int = Field(60, ge=1, description="most scanned pages of one file; longer ones are refused")

    settle_seconds: float = Field(2.0, ge=0, description="a file counts as whole when unchanged for so long")
    sweep_seconds: float = Field(30.0, gt=0, description="how often the whole inbox is scanned for missed files")
    polling: bool = Field(False, description="poll instead of inotify, for network shares")
    batch_size: int = Field(100, ge=1, le=1000, description="most letters one flow run takes")
    letter_threads: int = Field(4, ge=1, le=32, description="letters worked on at once within a run")
    max_attempts: int = Field(3, ge=1, description="tries of a letter that fails unexpectedly before quarantine")
    retention_days: int = Field(30, ge=1, description="Prefect runs, logs and artifacts older than this are deleted")
    letter_runs: int = Field(2, ge=1, le=16, description="flow runs with letters at once, for light and heavy files each")
    self_test: bool = Field(True, description="prove at start what the object store really does; refuse a weaker one")
    poll_seconds: float = Field(2.0, gt=0, description="how often runs started in the UI or by schedule are looked for")

    @field_validator(
        "home", "agencies", "site", "store_credentials", "store_restricted_credentials", "store_ca_bundle", "replica",
        "timestamp_roots", "webhook_secret", "templates", "holidays",
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path is not None else None

    @field_validator("store_without")
    @classmethod
    def _known_lacks(cls, names: str) -> str:
        unknown = set(filter(None, names.split(","))) - {"checksums", "conditional_writes"}
        if unknown:
            raise ValueError(f"knows checksums and conditional_writes, with a comma between, not {', '.join(sorted(unknown))}")
        return names

    @field_validator("prefect_host")
    @classmethod
    def _guarded(cls, host: str, others: ValidationInfo) -> str:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise ValueError("must be an address such as 10.1.2.3, no name") from None
        if address.is_unspecified:
            raise ValueError("must be one address of this machine: browsers are told to find the API there")
        if not address.is_loopback and not others.data.get("prefect_auth", True):
            raise ValueError("without a password (DUBAN_PREFECT_AUTH=false) only loopback is allowed")
        return host

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def returns(self) -> Path:
        """Where owners' filled-in forms are put; below it ``taken`` and ``refused``."""
        return self.home / "returns"

    @property
    def reports(self) -> Path:
        """Workbooks and digests, by their day."""
        return self.home / "reports"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def spool(self) -> Path:
        return self.home / "spool"

    @property
    def origins(self) -> Path:
        """Where letters unpacked from a container came from."""
        return self.home / "origins"

    @property
    def answered(self) -> Path:
        """Which letters' pages are still to be rewritten, a person having answered what they ask."""
        return self.home / "answered"

    @property
    def run(self) -> Path:
        """Locks, chosen ports and process marks of the running system."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def database_url(self) -> str:
        return self.ledger_url or f"sqlite:///{self.home / 'ledger' / 'ledger.db'}"


def load_settings(**given: object) -> Settings:
    """The settings from the environment and ``given``; ``SettingsError`` lists every fault with its name."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as fault:
        lines = [f"DUBAN_{str(e['loc'][0]).upper()}: {e['msg']} (found {e['input']!r})" for e in fault.errors()]
        raise SettingsError("settings are wrong:\n" + "\n".join(lines)) from fault
