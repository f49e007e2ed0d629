"""Documents, capped while they stream."""

import pytest

from telegram_client.errors import AnswerTooLarge, ServerTrouble, Unauthorized
from telegram_client.files import download_file
from tests.fakes.transport import Answer, make_client, ok


def server(path="documents/cv 1.pdf", size=None, content=b"words", status=200):
    paths = []

    async def peer(seen):
        paths.append(seen.path)
        if seen.path.endswith("/getFile"):
            return ok({"file_id": "F", "file_path": path, "file_size": size})
        return Answer(status, content)

    return make_client(peer), paths


async def test_file_is_fetched_below_the_bots_address():
    client, paths = server()
    assert await download_file(client, "F") == b"words"
    assert paths[1].startswith("/file/bot123456:")
    assert paths[1].endswith("/documents/cv%201.pdf")


async def test_file_that_says_it_is_too_large_is_not_fetched():
    client, paths = server(size=2_000)
    with pytest.raises(AnswerTooLarge):
        await download_file(client, "F", limit=1_000)
    assert len(paths) == 1


async def test_file_that_lies_about_its_size_is_cut_off():
    client, _ = server(size=10, content=b"x" * 200_000)
    with pytest.raises(AnswerTooLarge):
        await download_file(client, "F", limit=1_000)


@pytest.mark.parametrize("path", [None, "/var/lib/bot/1.pdf", "../../bot1/getMe", "a?b", ""])
async def test_path_that_can_not_be_fetched_is_server_trouble(path):
    client, paths = server(path)
    with pytest.raises(ServerTrouble):
        await download_file(client, "F")
    assert len(paths) == 1


async def test_refused_file_is_an_error():
    with pytest.raises(Unauthorized):
        await download_file(server(status=404)[0], "F")
