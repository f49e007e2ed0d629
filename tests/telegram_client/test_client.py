"""One call: its request, its result, its errors."""

import pytest

from telegram_client.client import TelegramClient
from telegram_client.errors import BadRequest, NetworkTrouble, RetryAfter, ServerTrouble, Unauthorized
from telegram_client.multipart import InputFile
from telegram_client.token import BotToken
from tests.fakes.transport import TOKEN_TEXT, Answer, Cut, FakeTransport, Script, failure, make_client, ok


async def test_result_of_a_call_is_returned():
    script = Script(getMe=ok({"id": 1}))
    assert await make_client(script).call("getMe") == {"id": 1}
    assert script.calls == [("getMe", {})]


async def test_address_is_built_from_the_api_url_and_the_token():
    paths = []

    async def peer(seen):
        paths.append((seen.method, seen.path))
        return ok(True)

    client = TelegramClient(BotToken.parse(TOKEN_TEXT), FakeTransport(peer), "http://127.0.0.1:8081/prefix/")
    await client.call("sendMessage", {"chat_id": 1})
    assert paths == [("POST", f"/prefix/bot{TOKEN_TEXT}/sendMessage")]


async def test_only_methods_that_may_be_repeated_are_marked_so():
    client = make_client(Script())
    assert client._make_request("getUpdates", {}).is_repeatable
    assert client._make_request("editMessageText", {}).is_repeatable
    assert not client._make_request("sendMessage", {}).is_repeatable
    assert not client._make_request("copyMessage", {}).is_repeatable


async def test_file_among_the_parameters_makes_a_multipart_body():
    script = Script()
    await make_client(script).call("sendDocument", {"chat_id": 1, "document": InputFile("a.txt", b"words")})
    assert b"words" in script.calls[0][1]


async def test_refusal_becomes_its_error():
    with pytest.raises(RetryAfter) as caught:
        await make_client(Script(sendMessage=failure(429, "Too Many", {"retry_after": 3}))).call("sendMessage")
    assert caught.value.seconds == 3


async def test_unauthorized_is_told_apart():
    with pytest.raises(Unauthorized):
        await make_client(Script(getMe=failure(401, "Unauthorized"))).call("getMe")


async def test_group_that_became_a_supergroup_is_followed_once():
    moved = failure(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": -1009})
    script = Script(sendMessage=[moved, ok({"message_id": 5})])
    assert await make_client(script).call("sendMessage", {"chat_id": -9, "text": "x"}) == {"message_id": 5}
    assert script.calls[1][1] == {"chat_id": -1009, "text": "x"}


async def test_second_migration_is_an_error():
    moved = failure(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": -1009})
    script = Script(sendMessage=moved)
    with pytest.raises(BadRequest):
        await make_client(script).call("sendMessage", {"chat_id": -9})
    assert len(script.calls) == 2


async def test_migration_without_a_chat_in_the_call_is_an_error():
    moved = failure(400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -1009})
    with pytest.raises(BadRequest):
        await make_client(Script(getChat=moved)).call("getChat")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>502 Bad Gateway</html>",
        b"",
        b"null",
        b"[1]",
        b'{"result": 1}',
        b'{"ok": true}',
        b'{"ok": true, "res',
        b"\xff\xfe",
    ],
)
async def test_nonsense_is_server_trouble(body):
    with pytest.raises(ServerTrouble, match="getMe was answered with"):
        await make_client(Script(getMe=Answer(200, body, {"content-type": "text/html"}))).call("getMe")


async def test_refusal_without_its_fields_goes_by_the_status():
    with pytest.raises(ServerTrouble):
        await make_client(Script(getMe=Answer(502, b'{"ok": false}'))).call("getMe")
    with pytest.raises(BadRequest):
        await make_client(Script(getMe=Answer(400, b'{"ok": false, "parameters": 5, "description": 7}'))).call("getMe")


async def test_cut_before_the_answer_of_a_send_may_have_been_sent():
    with pytest.raises(NetworkTrouble) as caught:
        await make_client(Script(sendMessage=Cut())).call("sendMessage", {"chat_id": 1})
    assert caught.value.sent


async def test_client_does_not_show_its_token():
    assert repr(make_client(Script())) == "TelegramClient(bot_id=123456)"


@pytest.mark.parametrize("status", [200, 502])
async def test_success_that_can_not_be_read_is_told_apart_from_a_failure(status):
    with pytest.raises(ServerTrouble) as caught:
        await make_client(Script(sendMessage=Answer(status, b'{"ok":tru'))).call("sendMessage", {})
    assert caught.value.began_well is (status == 200)
