"""Choose the resume of the hunt: one of the board's, or a pasted text; and whether a model outside may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.accounts.pasted_resume import LONGEST_CHARS
from daemon.accounts.rights import MODEL
from daemon.bot.scripts.captcha import do_past_captcha
from daemon.dialogs.dialog import Option
from daemon.dialogs.errors import AnswerRejected, WorkFailed
from daemon.outbox.message import Text, Verbatim
from store.tables.hunts import ring

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.bot.services import Services
    from daemon.dialogs.dialog import Dialog, Json

SHORTEST = 60
"""Characters, blanks left out; a shorter text is no resume but a greeting."""
MOST_OFFERED = 8
LONGEST_LABEL = 60
"""Characters of a button that a phone still shows."""
PASTE = "paste"


async def change_resume(services: Services, dialog: Dialog) -> None:
    """/resume."""
    if not dialog.has_passed("ready"):
        account = await dialog.do("account", lambda: _mode_of(services, dialog))
        await dialog.checkpoint("ready", ready={"has_resume": False}, mode=account)
    await choose_resume(services, dialog)
    title = await dialog.do("title", lambda: _title(services, dialog))
    dialog.keep(ring(dialog.user_id))
    dialog.say(Text("onboarding.resume_changed", {"title": title}), has_menu=True)


async def _mode_of(services: Services, dialog: Dialog) -> str:
    account = await services.store.board_accounts.get(dialog.user_id, services.board)
    return account.mode if account is not None and account.state == "connected" else "none"


async def choose_resume(services: Services, dialog: Dialog) -> None:
    """Ends with the checkpoint `resume`."""
    if dialog.has_passed("resume"):
        return
    if dialog.state["ready"]["has_resume"]:
        await dialog.checkpoint("resume", is_new_resume=False)
        return
    if dialog.state["mode"] == "none" or not await _choose_from_board(services, dialog):
        await _take_text(services, dialog)
    await dialog.checkpoint("resume", is_new_resume=True)


async def _choose_from_board(services: Services, dialog: Dialog) -> bool:
    """False: the board has none to give, or the person prefers a text."""

    async def fetch() -> Json:
        adapter = services.boards.get(services.board)
        resumes = await services.sessions.call(dialog.user_id, services.board, adapter.list_resumes)
        best = sorted(resumes, key=lambda resume: (not resume.is_published, -(resume.updated_at or 0)))
        return [{"id": resume.resume_id, "title": resume.title} for resume in best[:MOST_OFFERED]]

    try:
        resumes = await _until_it_works(dialog, "resumes", fetch)
    except WorkFailed:
        dialog.say(Text("onboarding.resumes_refused"))
        return False
    if not resumes:
        dialog.say(Text("onboarding.no_resumes"))
        return False
    options = [Option(resume["id"], Verbatim(resume["title"][:LONGEST_LABEL] or "…")) for resume in resumes]
    options.append(Option(PASTE, Text("onboarding.button.paste")))
    chosen = await dialog.choose(Text("onboarding.resume"), options)
    if chosen == PASTE:
        return False

    async def take() -> None:
        await services.store.write(await services.resumes.keep_from_board(dialog.user_id, services.board, chosen))

    try:
        await _until_it_works(dialog, "take_resume", take)
    except WorkFailed:
        dialog.say(Text("onboarding.resumes_refused"))
        return False
    return True


async def _until_it_works(dialog: Dialog, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
    """Tries again as long as the person wants to. Raises `WorkFailed`."""
    options = [
        Option("again", Text("onboarding.button.try_again")),
        Option("paste", Text("onboarding.button.paste")),
    ]
    while True:
        try:
            return await do_past_captcha(dialog, name, work)
        except WorkFailed as failure:
            if not failure.is_temporary or await dialog.choose(Text("onboarding.board_trouble"), options) == "paste":
                raise


async def _title(services: Services, dialog: Dialog) -> str:
    row = await services.resumes.describe(dialog.user_id)
    return row.title if row is not None else ""


async def _take_text(services: Services, dialog: Dialog) -> None:
    """A resume as text, in as many messages as Telegram cuts it into."""
    first = await dialog.ask(Text("onboarding.paste"), accept=_check_length)
    parts = [first.text or ""]
    while True:
        options = [Option("done", Text("onboarding.button.that_is_all"))]
        n = sum(map(len, parts))
        more = await dialog.ask(Text("onboarding.paste_more", {"n": n}), options=options, accept=str.strip)
        if more.text is None or n + len(more.text) > LONGEST_CHARS:
            break
        parts.append(more.text)

    text = "\n".join(parts)[:LONGEST_CHARS]

    async def save() -> None:
        await services.store.write(await services.resumes.keep_pasted(dialog.user_id, text))

    await dialog.do("paste_resume", save)


def _check_length(text: str) -> str:
    if len("".join(text.split())) < SHORTEST:
        raise AnswerRejected(Text("onboarding.paste_short"))
    return text


async def agree_on_model(services: Services, dialog: Dialog) -> None:
    """Asked once, before anything of the person leaves for a model outside; a no means templates."""
    if dialog.has_passed("model"):
        return
    if services.has_model and not dialog.state["ready"]["has_answered_model"]:
        options = [
            Option("yes", Text("onboarding.button.model_yes"), "success"),
            Option("no", Text("onboarding.button.model_no")),
        ]
        answer = await dialog.choose(Text("onboarding.model"), options)
        dialog.keep(services.rights.answer(dialog.user_id, MODEL, is_given=answer == "yes"))
        if answer == "no":
            dialog.say(Text("onboarding.model_refused"))
    await dialog.checkpoint("model")
