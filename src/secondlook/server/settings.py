"""What an operator of the service may choose. At start: ``Options``. While it runs, kept in the database: ``Settings``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from secondlook.errors import Invalid
from secondlook.gallery import KeySource

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Options:
    """data: the service's folder. database, gallery: addresses in PostgreSQL, which may hold a password; empty: where
    it was at the last start, and in the folder at the first. key: where the gallery's key is, None: as the gallery
    remembers. exposed: why it may be reached from elsewhere without TLS, in words; empty: it may not.
    certificate, certificate_key: PEM files for TLS.
    proxied: a proxy in front of it ends TLS and says who asks. ray: address of the Ray cluster that looks for jobs that
    find; empty: the job itself does."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8480
    key: KeySource | None = None
    exposed: str = ""
    certificate: Path | None = None
    certificate_key: Path | None = None
    proxied: bool = False
    threads: int = 0
    ray: str = ""
    database: str = field(default="", repr=False)
    gallery: str = field(default="", repr=False)

    @property
    def tls(self) -> bool:
        return self.certificate is not None or self.proxied

    def check(self) -> None:
        """Raises Invalid where strangers could read what is sent."""
        if (self.certificate is None) != (self.certificate_key is None):
            raise Invalid("TLS needs both: give --tls-certificate and --tls-key.")
        if self.host not in LOOPBACK and not self.tls and not self.exposed:
            raise Invalid(
                f"{self.host} can be reached from other machines and nothing is encrypted: give --tls-certificate and "
                "--tls-key, put a proxy in front and say --behind-proxy, or say why not with --plain-http-because."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """fpir: share of searches for strangers that may give a candidate. prior: chance that a passer-by is enrolled.
    purpose_required, case_required: of every search. keep_sightings_days, keep_uploads_days: then they are dropped.
    session_hours: until a signed-in person must sign in again. jobs_at_once. upload_mb, picture_megapixels: most that is
    taken. job_memory_mb, job_hours: most that one job may take. upload_seconds, upload_memory_mb: most that opening
    one picture may take. catch_share: of blind sets that are trials with a known truth. public_url: where people
    reach the pages, for links in alerts. mqtt: where alerts go besides webhooks."""

    fpir: float = 0.003
    prior: float = 0.01
    purpose_required: bool = True
    case_required: bool = False
    keep_sightings_days: int = 30
    keep_uploads_days: int = 7
    session_hours: int = 12
    jobs_at_once: int = 1
    job_memory_mb: int = 8192
    job_hours: int = 24
    upload_mb: int = 4096
    picture_megapixels: int = 100
    upload_seconds: int = 30
    upload_memory_mb: int = 2048
    catch_share: float = 0.25
    requests_per_minute: int = 12_000
    public_url: str = ""
    mqtt: Mqtt = field(default_factory=lambda: Mqtt())

    def __post_init__(self) -> None:
        """Raises Invalid."""
        ranges = {
            "fpir": (1e-9, 0.5),
            "prior": (1e-9, 0.999),
            "keep_sightings_days": (0, 3650),
            "keep_uploads_days": (0, 3650),
            "session_hours": (1, 24 * 30),
            "jobs_at_once": (1, 64),
            "job_memory_mb": (1024, 1 << 20),
            "job_hours": (1, 24 * 30),
            "upload_mb": (1, 1 << 20),
            "picture_megapixels": (1, 1000),
            "upload_seconds": (1, 600),
            "upload_memory_mb": (256, 1 << 16),
            "catch_share": (0.05, 0.9),
            "requests_per_minute": (10, 1_000_000),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                raise Invalid(f"The setting {name} must be between {least:g} and {most:g}, not {value!r}.")
            if isinstance(least, int) and not isinstance(value, int):
                raise Invalid(f"The setting {name} must be a whole number, not {value!r}.")
        if self.public_url and not self.public_url.startswith(("http://", "https://")):
            raise Invalid("The setting public_url is where people reach the pages, with http:// or https:// before it.")


@dataclass(frozen=True, slots=True)
class Mqtt:
    """host: empty: no broker. password is kept sealed and never read back. discovery: prefix of Home Assistant's topics."""

    host: str = ""
    port: int = 1883
    user: str = ""
    tls: bool = False
    prefix: str = "secondlook"
    discovery: str = "homeassistant"
    quiet: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise Invalid(f"An MQTT broker's port is between 1 and 65535, not {self.port}.")


def to_values(settings: Settings) -> dict[str, Any]:
    return asdict(settings)


def changed(settings: Settings, values: dict[str, Any]) -> Settings:
    """The settings with some of them changed. Raises Invalid for what is none."""
    known = {f.name for f in fields(Settings)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise Invalid(f"There is no setting {unknown[0]}: there are {', '.join(sorted(known))}.")
    now = to_values(settings)
    merged = {**now, **values}
    try:
        merged["mqtt"] = Mqtt(**{**now["mqtt"], **merged["mqtt"]})
    except TypeError as error:
        raise Invalid(f"The setting mqtt holds something that is none of its own ({error}).") from error
    for name in ("purpose_required", "case_required"):
        if not isinstance(merged[name], bool):
            raise Invalid(f"The setting {name} is true or false, not {merged[name]!r}.")
    return Settings(**merged)
