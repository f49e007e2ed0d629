"""What is said to a person, as a value."""

from daemon.outbox.message import Button, OutgoingMessage, Text, Verbatim


def test_message_is_plain_unless_said_otherwise():
    message = OutgoingMessage(1, Text("a.b"))
    assert message.keyboard == ()
    assert not message.has_menu
    assert not message.link_preview
    assert message.card is None


def test_messages_are_equal_by_value():
    button = Button(Verbatim("x"), "act", "1")
    assert OutgoingMessage(1, Text("a.b"), keyboard=((button,),)) == OutgoingMessage(
        1, Text("a.b"), keyboard=((button,),)
    )
