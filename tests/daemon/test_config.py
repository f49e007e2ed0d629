"""Settings: what is legal, what each mistake is answered with, and that no answer holds a secret."""

from __future__ import annotations

import pytest

from daemon.config import (
    SettingsError,
    load_settings,
    load_store_and_socket,
    secrets_of,
    setting_names,
    shown_url,
    state_folder,
    store_path,
)

TOKEN = "123456:" + "Ab_-9" * 7
REQUIRED = {"AURORA_TELEGRAM__TOKEN": TOKEN, "HOME": "/home/somebody"}
CANARY = "canary-5f2c"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(environ=None, path=None):
    return load_settings(path, REQUIRED | (environ or {}))


def refusal(environ, path=None):
    with pytest.raises(SettingsError) as caught:
        load_settings(path, environ)
    return str(caught.value)


def test_token_alone_is_enough():
    settings, warnings = load()
    assert settings.telegram.token.reveal() == TOKEN
    assert settings.web.listen == "127.0.0.1:8080"
    assert settings.llm.provider == "template"
    assert warnings == []


def test_missing_token_is_named_with_botfather():
    text = refusal({})
    assert "AURORA_TELEGRAM__TOKEN" in text
    assert "BotFather" in text


@pytest.mark.parametrize("token", ["", " "])
def test_empty_variable_counts_as_not_set(token):
    assert "missing" in refusal({"AURORA_TELEGRAM__TOKEN": token})


@pytest.mark.parametrize("token", [CANARY, "12:" + CANARY, f"x{TOKEN}", f"{TOKEN} {CANARY}", f"123456:{'ж' * 35}"])
def test_token_of_wrong_shape_is_refused_unseen(token):
    text = refusal({"AURORA_TELEGRAM__TOKEN": token})
    assert "AURORA_TELEGRAM__TOKEN" in text
    assert "digits" in text
    assert CANARY not in text
    assert token not in text


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AURORA_AUTOPILOT__INTERVAL_SECONDS", "soon", "valid number"),
        ("AURORA_AUTOPILOT__INTERVAL_SECONDS", "0.5", "greater than or equal to 1"),
        ("AURORA_AUTOPILOT__DAILY_LIMIT", "many", "valid integer"),
        ("AURORA_LLM__PROVIDER", "oracle", "'gemini', 'openai' or 'template'"),
        ("AURORA_TELEGRAM__MODE", "push", "'poll' or 'webhook'"),
        ("AURORA_TELEGRAM__ADMINS", "@me", "numeric"),
        ("AURORA_TELEGRAM__ADMINS", "1;2", "separated by commas"),
        ("AURORA_TELEGRAM__API_URL", "api.telegram.org", "address like https://"),
        ("AURORA_HH__API_URL", "ftp://api.hh.ru", "address like https://"),
        ("AURORA_HH__API_URL", "https://api.hh.ru?x=1", "without '?'"),
        ("AURORA_HH__SITE_URL", "https://", "address like https://"),
        ("AURORA_WEB__PUBLIC_URL", "https://me:pw@host", "password"),
        ("AURORA_WEB__PUBLIC_URL", "https://host:99999", "address like https://"),
        ("AURORA_WEB__LISTEN", "8080", "host:port"),
        ("AURORA_WEB__LISTEN", "localhost:99999", "host:port"),
        ("AURORA_TELEGRAM__PROXY", "proxy:3128", "socks5://"),
        ("AURORA_HTTP__PROXY", "socks4://proxy:1080", "socks5://"),
        ("AURORA_STORE__URL", "aurora.db", "sqlite:///"),
        ("AURORA_STORE__URL", "sqlite://", "sqlite:///"),
        ("AURORA_STORE__URL", "postgresql://aurora:hunter2@localhost", "5432/database"),
        ("AURORA_SECRET_KEY", "c2hvcnQ=", "32 bytes"),
        ("AURORA_SECRET_KEY", "*" * 43, "32 bytes"),
        ("AURORA_ADMIN__SOCKET", "/" + "x" * 120, "106 bytes"),
        ("AURORA_HH__USER_AGENT", "Aurora\r\nX: y", "control characters"),
    ],
)
def test_wrong_value_names_setting_expectation_and_mend(variable, value, expected):
    text = refusal(REQUIRED | {variable: value})
    assert text.startswith(variable)
    assert expected in text
    assert "Mend: " in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "variable", ["AURORA_SECRET_KEY", "AURORA_TELEGRAM__TOKEN", "AURORA_STORE__URL", "AURORA_TELEGRAM__PROXY"]
)
def test_wrong_value_is_never_repeated(variable):
    assert CANARY not in refusal(REQUIRED | {variable: f"{CANARY}\x01"})


def test_all_mistakes_are_told_at_once():
    text = refusal({"AURORA_LLM__PROVIDER": "oracle", "AURORA_WEB__LISTEN": "here"})
    assert [line.split()[0] for line in text.splitlines()] == [
        "AURORA_TELEGRAM__TOKEN",
        "AURORA_LLM__PROVIDER",
        "AURORA_WEB__LISTEN",
    ]


def test_unknown_variable_is_one_warning_with_nearest_name():
    _, warnings = load({"AURORA_TELEGRAM__TOKN": CANARY})
    assert len(warnings) == 1
    assert "AURORA_TELEGRAM__TOKN" in warnings[0]
    assert "did you mean AURORA_TELEGRAM__TOKEN?" in warnings[0]
    assert CANARY not in warnings[0]


def test_file_is_read_and_environment_wins(empty_folder):
    (empty_folder / "aurora.toml").write_text(
        "[autopilot]\ndaily_limit = 7\npause_seconds = 3\n[telegram]\nadmins = [5, 6]\n", encoding="utf-8"
    )
    settings, _ = load({"AURORA_AUTOPILOT__DAILY_LIMIT": "9"})
    assert (settings.autopilot.daily_limit, settings.autopilot.pause_seconds) == (9, 3)
    assert settings.telegram.admins == (5, 6)


def test_unknown_key_in_file_is_refused_with_nearest_name(empty_folder):
    path = empty_folder / "my.toml"
    path.write_text(f'[telegram]\ntokn = "{CANARY}"\n', encoding="utf-8")
    text = refusal(REQUIRED, path)
    assert "'telegram.tokn'" in text
    assert "did you mean telegram.token?" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f'secret_key = "{CANARY}', "end of document"),
        (f"[telegram]\ntoken = {CANARY}", "line 2"),
        (f'telegram = "{CANARY}"', "[telegram]"),
        (f'colour = "{CANARY}"', "'colour'"),
        ("[hh]\nclient_id = 5", "AURORA_HH__CLIENT_ID"),
        ("[telegram]\ntoken = 5", "AURORA_TELEGRAM__TOKEN"),
        ('[autopilot]\npause_seconds = "long"', "AURORA_AUTOPILOT__PAUSE_SECONDS"),
    ],
)
def test_broken_file_is_refused_unseen(empty_folder, content, expected):
    path = empty_folder / "my.toml"
    path.write_text(content, encoding="utf-8")
    text = refusal({"AURORA_HTTP__PROXY": ""}, path)
    assert expected in text
    assert CANARY not in text


def test_missing_file_is_refused_when_asked_for(empty_folder):
    assert "nowhere.toml" in refusal(REQUIRED, empty_folder / "nowhere.toml")


def test_file_in_another_encoding_is_refused(empty_folder):
    path = empty_folder / "my.toml"
    path.write_bytes("[hh]\nclient_id = 'я'".encode("cp1251"))
    assert "UTF-8" in refusal(REQUIRED, path)


def test_credential_files_are_read_in_any_case(empty_folder):
    (empty_folder / "aurora_telegram__token").write_text(TOKEN + "\n", encoding="utf-8")
    (empty_folder / "AURORA_HH__CLIENT_SECRET").write_text("hush", encoding="utf-8")
    (empty_folder / "unrelated").write_text("x", encoding="utf-8")
    settings, warnings = load_settings(None, {"CREDENTIALS_DIRECTORY": str(empty_folder), "HOME": "/"})
    assert settings.telegram.token.reveal() == TOKEN
    assert settings.hh.client_secret.reveal() == "hush"
    assert warnings == []


def test_environment_wins_over_credential_file(empty_folder):
    (empty_folder / "aurora_telegram__token").write_text("9" + TOKEN, encoding="utf-8")
    settings, _ = load({"CREDENTIALS_DIRECTORY": str(empty_folder)})
    assert settings.telegram.token.reveal() == TOKEN


def test_credential_file_that_is_no_text_is_refused(empty_folder):
    (empty_folder / "AURORA_SECRET_KEY").write_bytes(b"\xff\xfe\x00")
    assert "AURORA_SECRET_KEY" in refusal(REQUIRED | {"CREDENTIALS_DIRECTORY": str(empty_folder)})


def test_wrong_credential_names_its_file(empty_folder):
    (empty_folder / "aurora_telegram__token").write_text(CANARY, encoding="utf-8")
    text = refusal({"CREDENTIALS_DIRECTORY": str(empty_folder)})
    assert "credential file" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("environ", "url", "socket"),
    [
        ({}, "sqlite:////home/somebody/.local/state/aurora/aurora.db", "/home/somebody/.local/state/aurora/admin.sock"),
        ({"XDG_STATE_HOME": "/xdg"}, "sqlite:////xdg/aurora/aurora.db", "/xdg/aurora/admin.sock"),
        (
            {"STATE_DIRECTORY": "/var/lib/aurora:/x"},
            "sqlite:////var/lib/aurora/aurora.db",
            "/var/lib/aurora/admin.sock",
        ),
        (
            {"STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/run/aurora"},
            "sqlite:////s/aurora.db",
            "/run/aurora/admin.sock",
        ),
        ({"AURORA_STORE__URL": "sqlite:///data/a.db"}, "sqlite:///data/a.db", "data/admin.sock"),
        (
            {"AURORA_ADMIN__SOCKET": "/tmp/a.sock"},
            "sqlite:////home/somebody/.local/state/aurora/aurora.db",
            "/tmp/a.sock",
        ),
    ],
)
def test_paths_are_filled_in(environ, url, socket):
    settings, _ = load(environ)
    assert (settings.store.url, settings.admin.socket) == (url, socket)
    store, admin = load_store_and_socket(None, {"HOME": "/home/somebody"} | environ)
    assert (store, admin) == (settings.store, settings.admin)


def test_store_path_tells_relative_from_absolute():
    relative, _ = load({"AURORA_STORE__URL": "sqlite:///data/a.db"})
    absolute, _ = load({"AURORA_STORE__URL": "sqlite:////data/a.db"})
    assert (str(store_path(relative.store)), str(store_path(absolute.store))) == ("data/a.db", "/data/a.db")


SERVER = "postgresql://aurora:hun%40ter2@db.example:5432/aurora?sslmode=verify-full"


def test_what_lies_beside_a_store_lies_in_the_state_folder_when_that_is_on_a_server():
    settings, _ = load({"AURORA_STORE__URL": SERVER})
    assert settings.admin.socket == "/home/somebody/.local/state/aurora/admin.sock"
    assert str(store_path(settings.store, {"STATE_DIRECTORY": "/s"})) == "/s/aurora.db"


@pytest.mark.parametrize("url", [SERVER, "postgresql://db.example/aurora?user=a&password=hun%40ter2"])
def test_password_of_a_server_is_a_secret_and_shown_nowhere(url):
    settings, _ = load({"AURORA_STORE__URL": url})
    assert "hun@ter2" in {secret.reveal() for secret in secrets_of(settings)}
    assert "ter2" not in f"{settings!r} {settings.store} {shown_url(settings.store)}"


def test_url_of_a_server_is_shown_as_its_place():
    settings, _ = load({"AURORA_STORE__URL": SERVER})
    assert shown_url(settings.store) == "postgresql://db.example:5432/aurora"
    embedded, _ = load({"AURORA_STORE__URL": "sqlite:///data/a.db"})
    assert shown_url(embedded.store) == "sqlite:///data/a.db"


def test_state_folder_without_home_is_still_a_path():
    assert str(state_folder({})) == "/.local/state/aurora"


@pytest.mark.parametrize(
    ("variable", "value", "room", "leaf", "kept"),
    [
        ("AURORA_HH__API_URL", "http://127.0.0.1:8001/hh/", "hh", "api_url", "http://127.0.0.1:8001/hh"),
        ("AURORA_WEB__LISTEN", "[::1]:0", "web", "listen", "[::1]:0"),
        ("AURORA_TELEGRAM__ADMINS", " 1, 22 ,", "telegram", "admins", (1, 22)),
        ("AURORA_TELEGRAM__ADMINS", "7", "telegram", "admins", (7,)),
        ("AURORA_HTTP__PROXY", "socks5://u:p@127.0.0.1:1080", "http", "proxy", "socks5://u:p@127.0.0.1:1080"),
        ("AURORA_AUTOPILOT__INTERVAL_SECONDS", "1", "autopilot", "interval_seconds", 1.0),
        ("AURORA_LLM__BASE_URL", "http://localhost:1234/v1", "llm", "base_url", "http://localhost:1234/v1"),
    ],
)
def test_legal_values_are_taken(variable, value, room, leaf, kept):
    settings, _ = load({variable: value})
    assert getattr(getattr(settings, room), leaf) == kept


def test_webhook_needs_an_address_at_which_telegram_reaches_us():
    text = refusal(REQUIRED | {"AURORA_TELEGRAM__MODE": "webhook"})
    assert "AURORA_WEB__PUBLIC_URL" in text
    assert "Mend: " in text
    settings, _ = load({"AURORA_TELEGRAM__MODE": "webhook", "AURORA_WEB__PUBLIC_URL": "https://aurora.example"})
    assert settings.telegram.mode == "webhook"


def test_secret_key_is_taken_with_and_without_padding():
    for key in ("A" * 43 + "=", "A" * 43):
        settings, _ = load({"AURORA_SECRET_KEY": key})
        assert settings.secret_key.reveal() == key


@pytest.mark.parametrize(
    ("value", "count"), [("A" * 43, 1), (f"{'A' * 43}, {'B' * 43}= ,", 2), (" ", 0), (f",{'A' * 43}", 1)]
)
def test_older_secret_keys_are_a_list(value, count):
    settings, _ = load({"AURORA_SECRET_KEY_OLD": value})
    assert len(settings.secret_key_old) == count
    listed = {secret.reveal() for secret in secrets_of(settings)}
    assert {key.reveal() for key in settings.secret_key_old} <= listed


@pytest.mark.parametrize("value", ["short", f"{'A' * 43},short", "*" * 43])
def test_wrong_older_secret_key_is_refused(value):
    text = refusal(REQUIRED | {"AURORA_SECRET_KEY_OLD": value})
    assert "AURORA_SECRET_KEY_OLD" in text
    assert "32 bytes" in text
    assert value not in text


def test_nothing_secret_is_printed():
    settings, _ = load({"AURORA_LLM__API_KEY": CANARY, "AURORA_HH__CLIENT_SECRET": CANARY})
    assert CANARY not in repr(settings) + str(settings) + repr(settings.model_dump())


def test_secrets_are_listed_for_the_redactor():
    settings, _ = load({"AURORA_LLM__API_KEY": "key-of-model", "AURORA_HTTP__PROXY": "http://u:proxy-pw@h:1"})
    assert {secret.reveal() for secret in secrets_of(settings)} == {TOKEN, "key-of-model", "proxy-pw"}


def test_every_setting_has_name_and_default():
    names = setting_names()
    assert names["telegram.token"] is ...
    assert names["autopilot.interval_seconds"] == 600
    assert "secret_key" in names
