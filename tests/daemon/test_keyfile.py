"""The key file: made once, readable by its owner only, never replaced."""

from __future__ import annotations

import base64
import stat

import pytest

from daemon.keyfile import KeyFileBroken, key_path, load_or_make_key


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "secret.key"


def test_key_is_made_once(path):
    first = load_or_make_key(path)
    assert load_or_make_key(path) == first
    assert len(base64.urlsafe_b64decode(first.reveal())) == 32


def test_key_is_readable_by_its_owner_only(path):
    load_or_make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


def test_keys_differ(path, tmp_path):
    assert load_or_make_key(path) != load_or_make_key(tmp_path / "other.key")


def test_somebody_else_was_first(path):
    def slow_random(count):
        path.write_text("B" * 43, encoding="ascii")
        return b"x" * count

    assert load_or_make_key(path, random_bytes=slow_random).reveal() == "B" * 43


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 44, b"A" * 100])
def test_damaged_key_is_refused_unseen(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(KeyFileBroken) as caught:
        load_or_make_key(path)
    assert str(path) in str(caught.value)
    assert "AAAA" not in str(caught.value)
    assert path.read_bytes() == content


def test_lost_key_is_not_replaced_when_data_is_sealed(path):
    with pytest.raises(KeyFileBroken, match="missing"):
        load_or_make_key(path, has_sealed_data=True)
    assert not path.exists()


def test_key_open_to_others_is_warned_of(path, logged):
    load_or_make_key(path)
    path.chmod(0o644)
    load_or_make_key(path)
    assert "key_file_readable_by_others" in [line["event"] for line in logged]


def test_folder_in_the_way_is_one_clear_error(path):
    path.mkdir(parents=True)
    with pytest.raises(KeyFileBroken, match=r"secret\.key"):
        load_or_make_key(path)


def test_two_stores_in_a_folder_have_two_keys(tmp_path):
    assert key_path(tmp_path / "aurora.db") == tmp_path / "secret.key"
    assert key_path(tmp_path / "other.db") != key_path(tmp_path / "aurora.db")
