import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

POSTGRES_FORM = "postgresql://user:password@host:5432/database"
REDIS_FORM = "redis://:password@host:6379/0, or rediss:// with TLS"
SEE = "Each may also come from a file, as NAME_FILE. The file .env.example explains them all."
ORIGIN_FORM = "https://host or https://host:port, without a path"


class Unreadable:
    """Stands in for a value that could not be had; validation refuses it like any other wrong type."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def read_variable(environ: Mapping[str, str], name: str) -> str | Unreadable | None:
    """The value of `name`, or the content of the file that `name`_FILE names; empty counts as not set."""
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        return Unreadable(f"is set twice: keep {name} or {name}_FILE")
    if not path:
        return value or None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return Unreadable(f"cannot be read from the file that {name}_FILE names")


class Environment(PydanticBaseSettingsSource):
    """NAME or NAME_FILE of every field."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return read_variable(os.environ, field_name.upper()), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: read_variable(os.environ, name.upper()) for name in self.settings_cls.model_fields}
        return {name: value for name, value in values.items() if value is not None}


def is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, a broken IPv6 host
        return False


def postgres_url(url: object) -> object:
    """The address as SQLAlchemy wants it, with psycopg 3 as the driver."""
    if not isinstance(url, str):
        return url
    url = re.sub(r"^(postgres|postgresql|postgresql\+psycopg)://", "postgresql+psycopg://", url)
    if not is_address(url, ("postgresql+psycopg",)) or not urlsplit(url).path.strip("/"):
        raise ValueError("not the address of a database")
    return url


def redis_url(url: object) -> object:
    if isinstance(url, str) and not is_address(url, ("redis", "rediss")):
        raise ValueError("not the address of a Redis")
    return url


def web_url(url: object) -> object:
    if isinstance(url, str) and not is_address(url, ("http", "https")):
        raise ValueError("not a web address")
    return url.rstrip("/") if isinstance(url, str) else url


def issuer(url: object) -> object:
    """As it is written: a provider's tokens repeat it to the last slash."""
    web_url(url)
    return url


def origin(url: object) -> object:
    url = web_url(url)
    if isinstance(url, str) and urlsplit(url)._replace(scheme="", netloc="").geturl():
        raise ValueError("not an origin")
    return url


def bucket_url(url: object) -> object:
    url = web_url(url)
    if isinstance(url, str):
        parts = urlsplit(url)
        if not (parts.username and parts.password and re.fullmatch(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.path)):
            raise ValueError("not the address of a bucket")
    return url


STARTTLS = ("required", "never")
NEAR = ("localhost", "127.0.0.1", "::1")


def smtp_url(url: object) -> object:
    """Credentials and mail travel encrypted, but to a server on this machine."""
    if not isinstance(url, str):
        return url
    if not is_address(url, ("smtp", "smtps")):
        raise ValueError("not the address of a mail server")
    parts = urlsplit(url)
    options = parse_qs(parts.query, keep_blank_values=True)
    starttls = options.pop("starttls", ["required"])
    if options or len(starttls) != 1 or starttls[0] not in STARTTLS or parts.path not in ("", "/"):
        raise ValueError("not the address of a mail server")
    if starttls == ["never"] and parts.username and parts.hostname not in NEAR:
        raise ValueError("a password in clear")
    return url


def clamd_url(url: object) -> object:
    if isinstance(url, str) and urlsplit(url).scheme == "unix":
        if urlsplit(url).netloc or not urlsplit(url).path.strip("/"):
            raise ValueError("not the address of a socket")
    elif isinstance(url, str) and (not is_address(url, ("tcp",)) or urlsplit(url).path not in ("", "/")):
        raise ValueError("not the address of clamd")
    return url


def mail_address(address: object) -> object:
    if isinstance(address, str) and not re.fullmatch(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", address):
        raise ValueError("not an address")
    return address


def tile_url(url: object) -> object:
    """Of one origin, since it stands in the policy of every page."""
    if isinstance(url, str) and not {"z", "x", "y"} <= set(re.findall(r"\{(.*?)\}", url)) <= {"z", "x", "y", "r"}:
        raise ValueError("not a template of tiles")
    return web_url(url)


class Credit(NamedTuple):
    """Who made the tiles, and where these words lead."""

    words: str
    url: str | None = None


def credit(text: object) -> object:
    """An address at the end is where the words lead."""
    if not isinstance(text, str):
        return text
    words, _space, last = text.strip().rpartition(" ")
    if is_address(last, ("http", "https")):
        if not words:
            raise ValueError("an address without words")
        return Credit(words, last)
    return Credit(text.strip())


def field_keys(text: object) -> object:
    """`id:64hex[,id:64hex…]` as key id → 32 bytes, in the order given."""
    if not isinstance(text, str):
        return text
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        match = re.fullmatch(r"([A-Za-z0-9_-]{1,16}):([0-9a-fA-F]{64})", part.strip())
        if match is None or match[1] in keys:
            raise ValueError("not a list of keys")
        keys[match[1]] = bytes.fromhex(match[2])
    return keys


def queue_names(text: object) -> object:
    return tuple(name.strip() for name in text.split(",")) if isinstance(text, str) else text


def lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


PostgresUrl = Annotated[str, BeforeValidator(postgres_url)]
RedisUrl = Annotated[str, BeforeValidator(redis_url)]
WebUrl = Annotated[str, BeforeValidator(web_url)]
Issuer = Annotated[str, BeforeValidator(issuer)]
Origin = Annotated[str, BeforeValidator(origin)]
BucketUrl = Annotated[str, BeforeValidator(bucket_url)]
SmtpUrl = Annotated[str, BeforeValidator(smtp_url)]
MailAddress = Annotated[str, BeforeValidator(mail_address)]
ClamdUrl = Annotated[str, BeforeValidator(clamd_url)]
TileUrl = Annotated[str, BeforeValidator(tile_url)]
TileCredit = Annotated[Credit, BeforeValidator(credit)]
Queue = Literal[
    "email",
    "documents",
    "notifications",
    "import",
    "export",
    "reports",
    "webhooks",
    "maintenance",
    "ai",
    "bulk",
]
Queues = Annotated[tuple[Queue, ...], BeforeValidator(queue_names)]
FieldKeys = Annotated[dict[str, bytes], BeforeValidator(field_keys)]


class FromEnvironment(BaseSettings):
    # A value may hold a password: it is shown neither by repr() nor in a validation error.
    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, Environment(settings_cls)


class Settings(FromEnvironment):
    """What a process of Quayside is told by its environment; .env.example lists the same."""

    environment: Literal["production", "development"] = Field("production", description="production or development")
    database_url: PostgresUrl = Field(repr=False, description=POSTGRES_FORM)
    database_owner_url: PostgresUrl | None = Field(None, repr=False, description=POSTGRES_FORM)
    redis_url: RedisUrl = Field(repr=False, description=REDIS_FORM)
    cache_redis_url: RedisUrl = Field(
        default_factory=lambda given: given["redis_url"], repr=False, description=REDIS_FORM
    )
    s3_url: BucketUrl | None = Field(
        None,
        repr=False,
        description="https://ACCESS:SECRET@host:port/bucket, with ?region=… if the server wants one",
    )
    s3_public_url: Origin | None = Field(None, description=ORIGIN_FORM)
    public_url: Origin = Field(description=f"{ORIGIN_FORM}; http:// only in development or for localhost")
    static_url: WebUrl | None = Field(None, description="https://host/path")
    map_tile_url: TileUrl | None = Field(None, description="https://host/{z}/{x}/{y}.png, without {s}")
    map_tile_attribution: TileCredit | None = Field(
        None, description="who made the tiles, then perhaps the address these words lead to"
    )
    smtp_url: SmtpUrl | None = Field(
        None,
        repr=False,
        description="smtp://user:password@host:587 with STARTTLS, or smtps://user:password@host:465",
    )
    mail_from: MailAddress | None = Field(
        None, validate_default=True, description="the address mails come from, harbour@example.com; with SMTP_URL"
    )
    clamd_url: ClamdUrl | None = Field(None, description="tcp://host:3310 or unix:///run/clamav/clamd.sock")
    oidc_issuer: Issuer | None = Field(None, description="https://host/path, of a provider of OpenID Connect")
    oidc_client_id: str | None = Field(
        None, validate_default=True, description="what the provider calls this Quayside; goes with OIDC_ISSUER"
    )
    oidc_client_secret: str | None = Field(
        None, validate_default=True, repr=False, description="what the provider gave for it; goes with OIDC_ISSUER"
    )
    oidc_label: str | None = Field(
        None,
        validate_default=True,
        max_length=40,
        description="the words on the button, at most 40 characters; goes with OIDC_ISSUER",
    )
    secret_key: str = Field(repr=False, min_length=32, description="at least 32 characters")
    field_keys: FieldKeys = Field(
        repr=False, description="id:64 hexadecimal digits, more after commas; the first one encrypts"
    )
    trusted_proxies: int = Field(0, ge=0, le=10, description="a number from 0 to 10")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = Field(
        "info", description="debug, info, warning or error"
    )
    db_pool_size: int = Field(20, ge=1, le=1000, description="a number from 1 to 1000")
    worker_queues: Queues = Field((), description=f"names after commas: {', '.join(get_args(Queue))}")
    port: int = Field(8000, ge=1, le=65535, description="a number from 1 to 65535")
    quayside_home: Path = Field(Path("var"), description="a directory")

    @field_validator("mail_from")
    @classmethod
    def is_known(cls, address: str | None, info: ValidationInfo) -> str | None:
        if address is None and info.data.get("smtp_url"):
            raise PydanticCustomError("missing", "mail needs a sender")
        return address

    @field_validator("public_url")
    @classmethod
    def is_secure(cls, url: str, info: ValidationInfo) -> str:
        # Over plain http the session cookie is not Secure, which is for one's own machine only.
        parts = urlsplit(url)
        if info.data.get("environment") == "production" and parts.scheme == "http" and parts.hostname != "localhost":
            raise ValueError("not https")
        return url

    @field_validator("oidc_client_id", "oidc_client_secret", "oidc_label")
    @classmethod
    def is_whole(cls, value: str | None, info: ValidationInfo) -> str | None:
        """All of a provider, or nothing of it."""
        if (value is None) != (info.data.get("oidc_issuer") is None):
            raise PydanticCustomError("missing" if value is None else "alone", "not whole")
        return value


class LocalSettings(FromEnvironment):
    """What `make run` asks before it makes or starts what is missing. Of addresses and keys it matters only
    that they are set: Settings checks them afterwards."""

    database_url: str | None = None
    database_owner_url: str | None = None
    redis_url: str | None = None
    public_url: str | None = None
    secret_key: str | None = None
    field_keys: str | None = None
    port: int = Field(8000, ge=1, le=65535, description="a number from 1 to 65535")
    quayside_home: Path = Field(Path("var"), description="a directory")


Loaded = TypeVar("Loaded", bound=FromEnvironment)


def load(kind: type[Loaded]) -> Loaded:
    """The settings, or the end of the process with one message that names every variable that is wrong."""
    try:
        return kind()
    except ValidationError as problem:
        # A default that follows from another setting says nothing of its own when that one is wrong.
        errors = [error for error in problem.errors() if error["type"] != "default_factory_not_called"]
        lines = [describe(kind, error) for error in errors]
    raise SystemExit("\n".join(["Quayside cannot start: its settings are not complete.", *lines, SEE]))


def describe(kind: type[FromEnvironment], error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    given = error["input"]
    if isinstance(given, Unreadable):
        return f"  {name.upper()} {given.reason}"
    state = "is missing" if error["type"] == "missing" else "is malformed"
    return f"  {name.upper()} {state}: {kind.model_fields[name].description}"


def load_settings() -> Settings:
    return load(Settings)


def load_local_settings() -> LocalSettings:
    return load(LocalSettings)


def extend_environment(values: Mapping[str, str]) -> None:
    """For this process and all it starts."""
    os.environ.update(values)


def is_flask_command() -> bool:
    """Whether the `flask` command runs this process, rather than a server or a test."""
    return os.environ.get("FLASK_RUN_FROM_CLI") == "true"
