"""Settings: one frozen model per room, from TOML, environment and secret files.

Order of precedence: environment (`AURORA_`, nesting `__`), files in `$CREDENTIALS_DIRECTORY` (named like the
variable, in any case), then the TOML file. `load_settings` raises `SettingsError`, whose text names the setting, what
is expected and the mend, never a secret's value.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from daemon.secret import Secret  # noqa: TC001 - pydantic needs it at run time


class _Room(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class StoreSettings(_Room):
    """Where everything that must survive is kept."""

    url: str = ""
    """`sqlite:///PATH`; empty: `$STATE_DIRECTORY/aurora.db`, else the user's state folder."""


class TelegramSettings(_Room):
    """The bot."""

    token: Secret
    api_url: str = "https://api.telegram.org"
    admins: tuple[int, ...] = ()
    mode: Literal["poll"] = "poll"
    proxy: str | None = None
    poll_seconds: Annotated[int, Field(ge=0, le=50)] = 25
    messages_per_second: Annotated[float, Field(gt=0)] = 30.0


class HhSettings(_Room):
    """hh.ru; off without a client id."""

    api_url: str = "https://api.hh.ru"
    site_url: str = "https://hh.ru"
    client_id: str = ""
    client_secret: Secret | None = None
    user_agent: str = "Aurora/0.1 (operator@example.com)"
    requests_per_second: Annotated[float, Field(gt=0, le=2)] = 2.0


class LlmSettings(_Room):
    """The language model; `template` means none."""

    provider: Literal["gemini", "openai", "template"] = "template"
    base_url: str = ""
    """Empty: the provider's official address. OpenAI-compatible bases include `/v1`; Gemini's is the host."""
    api_key: Secret | None = None
    model: str = ""
    json_mode: Literal["schema", "object", "prompt"] = "schema"
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    daily_tokens: Annotated[int, Field(gt=0)] = 2_000_000
    """Tokens a day for everybody together; beyond it templates are used."""
    daily_tokens_per_user: Annotated[int, Field(gt=0)] = 200_000


class WebSettings(_Room):
    """The HTTP door."""

    listen: str = "127.0.0.1:8080"
    public_url: str = ""
    """Where a browser reaches this door; empty: `http://` and the listening address."""


class AdminSettings(_Room):
    """The admin socket."""

    socket: str = ""
    """Empty: `$RUNTIME_DIRECTORY/admin.sock`, else beside the store."""


class AutopilotSettings(_Room):
    """How a hunt goes about it."""

    interval_seconds: Annotated[float, Field(ge=1)] = 600.0
    pause_seconds: Annotated[float, Field(ge=0)] = 20.0
    daily_limit: Annotated[int, Field(ge=1, le=200)] = 40
    grace_seconds: Annotated[float, Field(ge=0)] = 120.0


class HttpSettings(_Room):
    """Outgoing HTTP to everything but Telegram."""

    proxy: str | None = None


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
    secret_key: Secret | None = None
    """32 bytes in URL-safe base64; None: made at first start beside the store."""


class SettingsError(Exception):
    """A setting is wrong. The text names the setting, what is expected and the mend."""
