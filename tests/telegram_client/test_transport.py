"""What a request shows of itself."""

from telegram_client.transport import Deadlines, HttpRequest, HttpResponse


def test_request_shows_neither_its_path_nor_its_body():
    shown = repr(HttpRequest("POST", "/bot1:secret/x", {}, b"words"))
    assert "secret" not in shown
    assert "words" not in shown


def test_answer_does_not_show_its_body():
    assert "words" not in repr(HttpResponse(200, {}, b"words"))


def test_requests_are_not_repeated_unless_said():
    assert not HttpRequest("POST", "/x").is_repeatable


def test_total_deadline_covers_the_others():
    deadlines = Deadlines()
    assert deadlines.total >= max(deadlines.connect, deadlines.write, deadlines.first_byte)
