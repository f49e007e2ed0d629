"""Kinds of settings, one by one, where the whole table of `test_config.py` says too little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError

from daemon.setting_kinds import (
    BotTokenText,
    ListenAddress,
    PersonIds,
    ProxyAddress,
    StoreUrl,
    WebAddress,
    split_listen,
)

ANY_TYPE = ConfigDict(arbitrary_types_allowed=True)
KINDS = (BotTokenText, ListenAddress, PersonIds, ProxyAddress, StoreUrl, WebAddress)
ADAPTERS = {kind: TypeAdapter(kind, config=ANY_TYPE) for kind in KINDS}


def takes(kind, value):
    try:
        return ADAPTERS[kind].validate_python(value)
    except ValidationError:
        return None


@pytest.mark.parametrize(
    ("listen", "parts"),
    [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("[::1]:0", ("::1", 0)), ("localhost:65535", ("localhost", 65535))],
)
def test_listen_is_split(listen, parts):
    assert split_listen(listen) == parts


@pytest.mark.parametrize("listen", ["", ":", ":80", "host", "host:", "host:-1", "host:65536", "host:٣", "host: 80"])
def test_other_listens_are_refused(listen):
    with pytest.raises(ValueError, match="host:port"):
        split_listen(listen)


@given(st.text())
def test_no_text_breaks_a_kind(text):
    for kind in KINDS:
        takes(kind, text)


@given(
    st.one_of(st.integers(), st.none(), st.booleans(), st.lists(st.integers()), st.dictionaries(st.text(), st.text()))
)
def test_no_other_type_breaks_a_kind(value):
    for kind in KINDS:
        takes(kind, value)


@pytest.mark.parametrize("value", [[1, 2], (1, 2), "1,2", "1, 2"])
def test_person_ids_come_in_several_shapes(value):
    assert takes(PersonIds, value) == (1, 2)


@pytest.mark.parametrize("url", ["sqlite:///a.db", "sqlite:////var/a.db", ""])
def test_store_urls_of_sqlite_are_taken(url):
    assert takes(StoreUrl, url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/aurora",
        "postgres://aurora@h1:5432,h2:5433/aurora?target_session_attrs=read-write",
        "postgresql:///aurora?host=/run/postgresql",
    ],
)
def test_store_urls_of_servers_are_taken(url):
    assert takes(StoreUrl, url) == url


@pytest.mark.parametrize("url", ["postgresql://", "postgresql://host", "postgresql://host/", "postgresql://[/a"])
def test_url_of_a_server_must_name_a_database(url):
    assert takes(StoreUrl, url) is None


@pytest.mark.parametrize("url", ["sqlite:/a.db", "sqlite:///", "sqlite:///folder/", "mysql://x"])
def test_other_store_urls_are_refused(url):
    assert takes(StoreUrl, url) is None


def test_trailing_slash_of_address_is_dropped():
    assert takes(WebAddress, "https://host/path/") == "https://host/path"
    assert takes(ProxyAddress, "http://host:1/") == "http://host:1"
