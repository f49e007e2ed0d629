"""Settings: one frozen model per room, from TOML, environment and secret files.

Order of precedence: environment (`AURORA_`, nesting `__`), files in `$CREDENTIALS_DIRECTORY` (named like the
variable, in any case), then the TOML file. `load_settings` raises `SettingsError`, whose text names the setting, what
is expected and the mend, never a secret's value.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.secret import Secret
from daemon.setting_kinds import (
    BotTokenText,
    EncryptionKey,
    EncryptionKeys,
    ListenAddress,
    PersonIds,
    PlainText,
    ProxyAddress,
    SecretText,
    SocketPath,
    StoreUrl,
    WebAddress,
)
from daemon.setting_sources import Gathered, SourceError, gather, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Model = TypeVar("Model", bound=BaseModel)
SQLITE = "sqlite:///"
SERVERS = ("postgresql://", "postgres://")
MENDS = {
    "telegram.token": "ask @BotFather in Telegram for a bot and set its token",
    "secret_key": "leave it out and a key is made at the first start, or make one:"
    " python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
    "secret_key_old": "name the keys that AURORA_SECRET_KEY or the key file held before, separated by commas",
}


class _Room(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)


class StoreSettings(_Room):
    """Where everything that must survive is kept."""

    url: StoreUrl = Field(default="", repr=False)
    """`sqlite:///PATH` or `postgresql://…`; empty: `$STATE_DIRECTORY/aurora.db`, else the user's state folder.

    May hold a password: `shown_url` is for people.
    """
    lease_seconds: Annotated[float, Field(ge=5, le=300)] = 15.0
    """Where several processes share the store: so long after its last sign of life another takes over."""


class TelegramSettings(_Room):
    """The bot."""

    token: BotTokenText
    api_url: WebAddress = "https://api.telegram.org"
    admins: PersonIds = ()
    mode: Literal["poll", "webhook"] = "poll"
    proxy: ProxyAddress = None
    poll_seconds: Annotated[int, Field(ge=0, le=50)] = 25
    messages_per_second: Annotated[float, Field(gt=0)] = 30.0


class HhSettings(_Room):
    """hh.ru; off without a client id."""

    api_url: WebAddress = "https://api.hh.ru"
    site_url: WebAddress = "https://hh.ru"
    client_id: PlainText = ""
    client_secret: SecretText = None
    user_agent: PlainText = "Aurora/0.1 (operator@example.com)"
    requests_per_second: Annotated[float, Field(gt=0, le=2)] = 2.0


class LlmSettings(_Room):
    """The language model; `template` means none."""

    provider: Literal["gemini", "openai", "template"] = "template"
    base_url: WebAddress = ""
    """Empty: the provider's official address. OpenAI-compatible bases include `/v1`; Gemini's is the host."""
    api_key: SecretText = None
    model: PlainText = ""
    json_mode: Literal["schema", "object", "prompt"] = "schema"
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    daily_tokens: Annotated[int, Field(gt=0)] = 2_000_000
    """Tokens a day for everybody together; beyond it templates are used."""
    daily_tokens_per_user: Annotated[int, Field(gt=0)] = 200_000


class WebSettings(_Room):
    """The HTTP door."""

    listen: ListenAddress = "127.0.0.1:8080"
    public_url: WebAddress = ""
    """Where a browser reaches this door; empty: `http://` and the listening address."""


class AdminSettings(_Room):
    """The admin socket."""

    socket: SocketPath = ""
    """Empty: `$RUNTIME_DIRECTORY/admin.sock`, else beside the store."""
    clients: Annotated[int, Field(ge=1, le=256)] = 8
    """At once; the idlest gives up its place to a newcomer."""


class AutopilotSettings(_Room):
    """How a hunt goes about it."""

    interval_seconds: Annotated[float, Field(ge=1)] = 600.0
    pause_seconds: Annotated[float, Field(ge=0)] = 20.0
    daily_limit: Annotated[int, Field(ge=1, le=200)] = 40
    grace_seconds: Annotated[float, Field(ge=0)] = 120.0
    screening: Literal["rules", "model"] = "rules"
    """`model`: after the plain rules a model may leave out what clearly does not fit; its failure lets it through."""


class SupervisorSettings(_Room):
    """What the daemon does about its own troubles."""

    slowest_start_seconds: Annotated[float, Field(ge=0)] = 300.0
    """A start after many lives that ended early waits, ever longer, up to this; 0: never."""
    hang_seconds: Annotated[float, Field(ge=0)] = 120.0
    """A loop, writer, supervisor or poller that is overdue by this ends the process; 0: never. Longer than a write may
    be in doubt while its database is away.
    """


class HttpSettings(_Room):
    """Outgoing HTTP to everything but Telegram."""

    proxy: ProxyAddress = None


class Settings(_Room):
    """All settings."""

    telegram: TelegramSettings
    store: StoreSettings = StoreSettings()
    hh: HhSettings = HhSettings()
    llm: LlmSettings = LlmSettings()
    web: WebSettings = WebSettings()
    admin: AdminSettings = AdminSettings()
    autopilot: AutopilotSettings = AutopilotSettings()
    http: HttpSettings = HttpSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    secret_key: EncryptionKey = None
    """32 bytes in URL-safe base64; None: made at first start beside the store."""
    secret_key_old: EncryptionKeys = ()
    """Earlier secret keys that may still open what is stored."""


class SettingsError(Exception):
    """A setting is wrong. The text names the setting, what is expected and the mend."""


def load_settings(config_path: Path | None, environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """All settings, with every path filled in, and warnings for the operator.

    `config_path` None: `aurora.toml` in the working directory, if there is one. Raises `SettingsError`.
    """
    gathered = _gather(config_path, environ)
    settings = _validate(Settings, gathered.nested(_rooms()), gathered, "")
    if settings.telegram.mode == "webhook" and not settings.web.public_url:
        raise SettingsError(
            "AURORA_WEB__PUBLIC_URL (web.public_url) is missing: with AURORA_TELEGRAM__MODE=webhook Telegram "
            "must reach this daemon. Mend: set the https:// address under which AURORA_WEB__LISTEN is reached, or poll."
        )
    return fill_paths(settings, environ), gathered.warnings


def load_store_and_socket(config_path: Path | None, environ: Mapping[str, str]) -> tuple[StoreSettings, AdminSettings]:
    """What commands need that talk to a store or a daemon that exists already: they must work without a bot token."""
    gathered = _gather(config_path, environ)
    tree = gathered.nested(_rooms())
    store = _validate(StoreSettings, tree["store"], gathered, "store")
    admin = _validate(AdminSettings, tree["admin"], gathered, "admin")
    return _fill_store(store, environ), _fill_admin(admin, _fill_store(store, environ), environ)


def fill_paths(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The same settings with the store's URL and the socket's path written out."""
    store = _fill_store(settings.store, environ)
    admin = _fill_admin(settings.admin, store, environ)
    return settings.model_copy(update={"store": store, "admin": admin})


def setting_names() -> dict[str, Any]:
    """Dotted name of every setting, with its default (`...` where there is none)."""
    names: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        room = field.annotation
        if isinstance(room, type) and issubclass(room, BaseModel):
            for leaf, member in room.model_fields.items():
                names[f"{name}.{leaf}"] = ... if member.is_required() else member.default
        else:
            names[name] = field.default
    return names


def secrets_of(settings: Settings) -> Iterator[Secret]:
    """Every secret the settings hold, passwords of proxies included: for the log's redactor."""
    for proxy in (settings.telegram.proxy, settings.http.proxy):
        if proxy and (password := urlsplit(proxy).password):
            yield Secret(password)
    if is_on_server(settings.store.url) and (password := _password_of(settings.store.url)):
        yield Secret(password)
    for holder in (settings, settings.telegram, settings.hh, settings.llm):
        for value in dict(holder).values():
            members = value if isinstance(value, tuple) else (value,)
            yield from (member for member in members if isinstance(member, Secret))


def store_path(store: StoreSettings, environ: Mapping[str, str] = os.environ) -> Path:
    """The file behind `sqlite:///relative` or `sqlite:////absolute`.

    For a store on a server the place in the state folder where a file would be: what lies beside a store lies there.
    """
    if is_on_server(store.url):
        return state_folder(environ) / "aurora.db"
    return Path(store.url.removeprefix(SQLITE))


def is_on_server(url: str) -> bool:
    """Whether the store is PostgreSQL."""
    return url.startswith(SERVERS)


def shown_url(store: StoreSettings) -> str:
    """The URL without password and parameters, fit to be shown."""
    if not is_on_server(store.url):
        return store.url
    parts = urlsplit(store.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _password_of(url: str) -> str | None:
    """In the authority or, as libpq takes it too, among the parameters."""
    parts = urlsplit(url)
    password = parts.password or dict(parse_qsl(parts.query)).get("password")
    return None if password is None else unquote(password)


def own_folder(settings: Settings, environ: Mapping[str, str]) -> Path:
    """What one daemon alone keeps: beside an embedded store, which is its own, else in the state folder."""
    return store_path(settings.store, environ).parent


def _rooms() -> list[str]:
    return sorted({name.partition(".")[0] for name in setting_names() if "." in name})


def _gather(config_path: Path | None, environ: Mapping[str, str]) -> Gathered:
    try:
        return gather(config_path, environ, setting_names())
    except SourceError as error:
        raise SettingsError(str(error)) from None


def _validate(model: type[Model], values: object, gathered: Gathered, room: str) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise SettingsError("\n".join(_describe(problem, gathered, room) for problem in problems)) from None


def _describe(problem: Mapping[str, Any], gathered: Gathered, room: str) -> str:
    """One line: the setting, where it stood, what is expected, the mend. Never the value."""
    places = [room] if room else []
    name = ".".join([*places, *(str(part) for part in problem["loc"])])
    names = setting_names()
    name = name if name in names else next(known for known in names if name.startswith(known))
    default = names[name]
    mend = MENDS.get(name) or f"correct it, or leave it out for the default ({default!r})"
    if problem["type"] == "missing":
        return f"{variable_of(name)} ({name}) is missing. Mend: {mend}."
    expected = str(problem["msg"]).removeprefix("Value error, ")
    source = gathered.sources.get(name, "the settings")
    return f"{variable_of(name)} ({name}), from {source}: {expected}. Mend: {mend}."


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where the daemon keeps what must survive: systemd's `StateDirectory`, else the user's state folder."""
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    home = environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home else Path(environ.get("HOME") or os.sep) / ".local" / "state") / "aurora"


def _fill_store(store: StoreSettings, environ: Mapping[str, str]) -> StoreSettings:
    if store.url:
        return store
    return store.model_copy(update={"url": f"{SQLITE}{state_folder(environ) / 'aurora.db'}"})


def _fill_admin(admin: AdminSettings, store: StoreSettings, environ: Mapping[str, str]) -> AdminSettings:
    if admin.socket:
        return admin
    runtime = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    folder = Path(runtime) if runtime else store_path(store, environ).parent
    return admin.model_copy(update={"socket": str(folder / "admin.sock")})
