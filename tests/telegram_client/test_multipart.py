"""Bodies that carry files."""

from email import message_from_bytes

from telegram_client.multipart import InputFile, encode_multipart


def parse(content_type, body):
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}


def test_file_and_fields_arrive_as_they_were():
    file = InputFile("резюме.pdf", b"%PDF\r\n--x\x00", "application/pdf")
    content_type, body = encode_multipart({"chat_id": 42, "caption": "Привет", "document": file, "flag": True})
    parts = parse(content_type, body)
    assert parts["chat_id"].get_payload(decode=True) == b"42"
    assert parts["caption"].get_payload(decode=True).decode() == "Привет"
    assert parts["flag"].get_payload(decode=True) == b"true"
    assert parts["document"].get_payload(decode=True) == b"%PDF\r\n--x\x00"
    assert parts["document"].get_content_type() == "application/pdf"


def test_values_that_are_not_text_travel_as_json():
    _, body = encode_multipart({"reply_markup": {"inline_keyboard": []}}, boundary="b")
    assert b'{"inline_keyboard":[]}' in body


def test_file_name_cannot_break_out_of_its_header():
    _, body = encode_multipart({"document": InputFile('a"\r\nX-Evil: 1', b"x")}, boundary="b")
    assert b'filename="a%22%0D%0AX-Evil: 1"' in body


def test_boundaries_differ_each_time():
    assert encode_multipart({"a": "b"})[0] != encode_multipart({"a": "b"})[0]


def test_content_of_a_file_is_not_shown():
    assert "secret" not in repr(InputFile("cv.txt", b"secret"))
