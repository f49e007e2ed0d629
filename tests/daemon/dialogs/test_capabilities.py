"""What a script can do, each as the step or the write it turns into."""

import pytest

from daemon.dialogs.dialog import Answer, Option
from daemon.dialogs.running import Entry, encode_answer
from daemon.dialogs.steps import Ask, Do, End, Sleep
from daemon.outbox.message import Button, Text, UrlButton, Verbatim
from daemon.outbox.payload import decode
from tests.daemon.dialogs.test_running import run_of


def started(script, **options):
    run = run_of(script, **options)
    return run, run.start()


async def test_choosing_is_asking_without_text():
    async def script(dialog):
        await dialog.choose(
            Text("t.q"),
            [Option("a", Text("t.a"))],
            links=[UrlButton(Text("t.l"), "https://x")],
            body=Verbatim("body"),
            timeout_seconds=5,
        )

    _, stop = started(script)
    assert stop == Ask(
        Text("t.q"),
        Verbatim("body"),
        (Option("a", Text("t.a")),),
        (UrlButton(Text("t.l"), "https://x"),),
        timeout_seconds=5,
    )


async def test_asking_takes_text_and_events():
    async def script(dialog):
        await dialog.ask(Text("t.q"), accept=str.strip, events=["e"])

    _, stop = started(script)
    assert (stop.accept, stop.events, stop.options) == (str.strip, ("e",), ())


async def test_chosen_value_is_a_plain_string():
    seen = []

    async def script(dialog):
        seen.append(await dialog.choose(Text("t.q"), [Option("a", Text("t.a"))]))

    run, _ = started(script)
    assert run.resume(Entry("answered", "t.q", encode_answer(Answer(option="a")))) == End()
    assert seen == ["a"]


async def test_work_and_sleep_are_handed_over():
    async def work():
        return 1

    async def script(dialog):
        await dialog.do("work", work)
        await dialog.sleep_until(5)

    run, stop = started(script)
    assert stop == Do("work", work)
    assert run.resume(Entry("did", "work", 1)) == Sleep(5)


async def test_script_knows_its_person_and_its_state():
    seen = []

    async def script(dialog):
        seen.append(
            (dialog.user_id, dialog.chat_id, dict(dialog.state), dialog.has_passed("a"), dialog.has_passed("b"))
        )

    started(script, passed=["a"], state={"x": 1})
    assert seen == [(7, 7, {"x": 1}, True, False)]


@pytest.mark.parametrize("name", ["name", "values", "self_", "dialog"])
async def test_checkpoint_takes_values_of_any_name(name):
    async def script(dialog):
        await dialog.checkpoint("here", **{name: 1})

    run, _ = started(script)
    assert run.place.state == {name: 1}


class Keeping:
    """Queues that keep payloads."""

    def __init__(self):
        self.payloads = []

    def put(self, queue, key, lane, payload, *, now):
        from store.write import statement

        self.payloads.append(payload)
        return statement("put")

    replace = put


async def test_messages_carry_everything_they_were_given():
    from daemon.clock import TrioClock
    from daemon.dialogs.running import Place, ScriptRun
    from daemon.outbox.outbox import Outbox

    button = Button(Text("t.b"), "status")

    async def script(dialog):
        dialog.say(Text("t.say"), body=Verbatim("body"), keyboard=((button,),), card="card")
        dialog.say(Text("t.menu"), has_menu=True)
        dialog.edit("card", Text("t.edit"), body=Verbatim("new"))

    queues, clock = Keeping(), TrioClock()
    ScriptRun(script, 7, 7, Place([], {}, 0), Outbox(queues, clock), clock).start()
    said, menu, edit = (decode(payload) for payload in queues.payloads)
    assert (said.text, said.body, said.keyboard, said.card) == (Text("t.say"), "body", ((button,),), "card")
    assert menu.has_menu
    assert (edit.act, edit.card, edit.text, edit.body) == ("edit", "card", Text("t.edit"), "new")
