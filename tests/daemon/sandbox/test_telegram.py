"""The double's door: token, unknown methods, forms, limits, downloads."""

from __future__ import annotations

import orjson
import pytest
import trio

from daemon.sandbox.service import Request
from daemon.sandbox.telegram import WORLD_TOKEN


async def get(telegram, path, **query):
    return await telegram.handle(Request("GET", path, {name: (value,) for name, value in query.items()}))


async def test_a_wrong_token_is_unauthorized(bot):
    bot.token = "1:AAwrongWRONGwrongWRONGwrongWRONGwrong"
    assert await bot.ask("getMe") == (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})


async def test_an_unknown_method_is_not_found(bot):
    assert await bot.refusal("makeCoffee") == "Not Found: method not found"


@pytest.mark.parametrize("path", ["/", "/bot", "/bot1:x", "/nothing/else/here"])
async def test_other_paths_are_not_found(telegram, path):
    assert (await get(telegram, path)).status == 404


async def test_method_names_ignore_case(telegram):
    assert (await get(telegram, f"/bot{WORLD_TOKEN}/GETME")).status == 200


async def test_parameters_may_come_in_the_query(telegram, anna):
    answer = await get(telegram, f"/bot{WORLD_TOKEN}/sendMessage", chat_id=str(anna), text="привет")
    assert orjson.loads(answer.body)["result"]["text"] == "привет"


async def test_a_body_that_is_not_json_is_refused(telegram):
    request = Request("POST", f"/bot{WORLD_TOKEN}/getMe", headers={"content-type": "application/json"}, body=b"{")
    assert (await telegram.handle(request)).status == 400


async def test_an_uploaded_document_can_be_downloaded(telegram, anna):
    body = (
        f'--B\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n{anna}\r\n'
        '--B\r\nContent-Disposition: form-data; name="document"; filename="log.txt"\r\n'
        "Content-Type: text/plain\r\n\r\nстрока\r\n--B--\r\n"
    ).encode()
    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = await telegram.handle(Request("POST", f"/bot{WORLD_TOKEN}/sendDocument", headers=headers, body=body))
    document = orjson.loads(answer.body)["result"]["document"]
    assert document["file_name"] == "log.txt"
    found = orjson.loads((await get(telegram, f"/bot{WORLD_TOKEN}/getFile", file_id=document["file_id"])).body)
    path = found["result"]["file_path"]
    assert (await get(telegram, f"/file/bot{WORLD_TOKEN}/{path}")).body == "строка".encode()
    assert (await get(telegram, f"/file/bot{WORLD_TOKEN}/documents/other")).status == 404
    assert (await get(telegram, f"/file/bot1:x/{path}")).status == 401


async def test_too_fast_is_429_until_the_time_is_over(bot, anna, autojump_clock):
    statuses = [(await bot.ask("sendMessage", chat_id=anna, text=f"{n}"))[0] for n in range(22)]
    assert statuses == [200] * 20 + [429] * 2
    _, answer = await bot.ask("sendMessage", chat_id=anna, text="x")
    await trio.sleep(answer["parameters"]["retry_after"])
    assert (await bot.ask("sendMessage", chat_id=anna, text="x"))[0] == 200


async def test_refusals_stand_in_the_log(bot, anna, world_log):
    await bot.ask("sendMessage", chat_id=anna, text="")
    assert [(act.get("code"), act.get("text")) for act in world_log.acts("method_refused")] == [
        (400, "Bad Request: message text is empty")
    ]
