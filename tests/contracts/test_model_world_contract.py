"""The product's own prompts against the simulated models: what they answer passes the product's own checks.

If a prompt is reworded so that the doubles no longer understand it, or a check grows stricter than what they write,
the demonstration would quietly run on templates; these tests say so instead.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from daemon.autopilot import prompts
from daemon.autopilot.contacts import Masked, mask
from daemon.autopilot.letter_checks import find_faults, is_russian
from daemon.autopilot.query import parse_query
from daemon.autopilot.query_writer import find_fault, query_from_resume
from daemon.boards.hh.mapping import read_vacancy
from daemon.boards.hh.resumes import read_resume
from daemon.config import LlmSettings
from daemon.http_client import make_http_client
from daemon.llm.gemini import GeminiModel
from daemon.llm.openai_compatible import OpenAiModel
from daemon.sandbox.hh import build_hh
from daemon.sandbox.hh_search import VacancySearch
from daemon.sandbox.hh_views import Views
from daemon.sandbox.models import Models, build_models
from daemon.secret import Secret
from tests.fakes.world import WorldHttp

if TYPE_CHECKING:
    from trio.testing import MockClock

    from daemon.boards.board import Resume, Vacancy
    from daemon.clock import TrioClock
    from daemon.llm.model import LanguageModel, Prompt
    from daemon.sandbox.hh_state import HhState
    from daemon.sandbox.people import BoardResume, Person

PROVIDERS = ("gemini", "openai")


class World:
    """Board and models, read through the product's own adapters."""

    def __init__(self, clock: TrioClock) -> None:
        self.state: HhState = build_hh(clock, 1, _forget).state
        self.views = Views(self.state)
        self.doubles: Models = build_models(1, _forget)
        hosts = {"generativelanguage.googleapis.com": self.doubles.gemini, "api.openai.com": self.doubles.openai}
        self._http = make_http_client(transport=WorldHttp(hosts))

    def model(self, provider: str, json_mode: Any = "schema") -> LanguageModel:
        settings = LlmSettings(api_key=Secret("key-0123456789"), json_mode=json_mode, timeout_seconds=10)
        adapter = GeminiModel if provider == "gemini" else OpenAiModel
        return adapter(self._http, settings, f"{provider}-large")

    def published(self) -> list[tuple[Person, BoardResume]]:
        everybody = self.state.people.values()
        return [(p, r) for p in everybody for r in p.resumes if r.status == "published" and r.trade]

    def resume(self, person: Person, resume: BoardResume) -> tuple[Resume, Masked]:
        read = read_resume(self.views.resume_page(person, resume))
        return read, mask(read.text, read)

    def vacancies(self, trade: str, count: int) -> list[Vacancy]:
        own = [v for v in self.state.vacancies.values() if v.trade == trade and v.is_suitable]
        chosen = random.Random(trade).sample(own, count)
        return [read_vacancy(self.views.vacancy_page(v, None), "https://hh.ru") for v in chosen]


def _forget(kind: str, **facts: Any) -> None:
    """The world's log; nobody judges here."""


@pytest.fixture
async def world(clock: TrioClock) -> World:
    return World(clock)


async def ask(model: LanguageModel, prompt: Prompt) -> dict[str, Any]:
    return dict(orjson.loads((await model.complete(prompt)).text))


def letter_prompt(resume: Resume, masked: Masked, vacancy: Vacancy) -> Prompt:
    return prompts.letter_prompt(resume, masked, vacancy, "ru" if is_russian(vacancy) else "en")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_letters_pass_every_check_of_the_product(autojump_clock: MockClock, world: World, provider: str) -> None:
    model = world.model(provider)
    for person, board_resume in world.published():
        resume, masked = world.resume(person, board_resume)
        for vacancy in world.vacancies(board_resume.trade, 6):
            letter = (await ask(model, letter_prompt(resume, masked, vacancy)))["letter"]
            assert find_faults(letter, vacancy, resume, ("[[NAME]]",)) == (), letter


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_letters_to_tempting_vacancies_stay_clean(autojump_clock: MockClock, world: World, provider: str) -> None:
    person, board_resume = world.published()[0]
    resume, masked = world.resume(person, board_resume)
    tempting = [v for v in world.state.vacancies.values() if "injection" in v.traps]
    assert len(tempting) >= 10
    for one in tempting:
        vacancy = read_vacancy(world.views.vacancy_page(one, None), "https://hh.ru")
        letter = (await ask(world.model(provider), letter_prompt(resume, masked, vacancy)))["letter"]
        names = {fault.name for fault in find_faults(letter, vacancy, resume, ("[[NAME]]",))}
        assert not names & {"injection", "link", "phone", "email", "handle", "machine_talk"}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_obedient_model_is_caught_by_the_checks(autojump_clock: MockClock, world: World, provider: str) -> None:
    person, board_resume = world.published()[0]
    resume, masked = world.resume(person, board_resume)
    vacancy = world.vacancies(board_resume.trade, 1)[0]
    world.doubles.gemini.switches.fail_next("obeys_vacancy")
    letter = (await ask(world.model(provider), letter_prompt(resume, masked, vacancy)))["letter"]
    assert {fault.name for fault in find_faults(letter, vacancy, resume)} >= {"email", "link", "phone"}
    world.doubles.gemini.switches.fail_next("obeys_vacancy")
    query = (await ask(world.model(provider), prompts.query_prompt(resume, masked)))["query"]
    assert find_fault(query, resume) is not None


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_queries_parse_and_find_the_trade(autojump_clock: MockClock, world: World, provider: str) -> None:
    search = VacancySearch(world.state, world.views)
    for person, board_resume in world.published():
        resume, masked = world.resume(person, board_resume)
        query = (await ask(world.model(provider), prompts.query_prompt(resume, masked)))["query"]
        assert find_fault(query, resume) is None
        found = search.find({"text": (parse_query(query),)})
        assert sum(v.trade == board_resume.trade and v.is_suitable for v in found) >= 40


async def test_queries_made_without_a_model_find_the_trade_too(autojump_clock: MockClock, world: World) -> None:
    search = VacancySearch(world.state, world.views)
    for person in world.state.people.values():
        if not person.resumes or person.resumes[0].status != "published":
            continue
        resume, _ = world.resume(person, person.resumes[0])
        found = search.find({"text": (query_from_resume(resume),)})
        assert sum(v.is_suitable for v in found) >= 25, query_from_resume(resume)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_verdicts_let_the_own_trade_through(autojump_clock: MockClock, world: World, provider: str) -> None:
    person, board_resume = world.published()[0]
    resume, masked = world.resume(person, board_resume)
    verdicts = {}
    for trade in (board_resume.trade, "nurse", "cook"):
        asked = [prompts.screening_prompt(resume, masked, v, "") for v in world.vacancies(trade, 8)]
        answers = [await ask(world.model(provider), prompt) for prompt in asked]
        assert all(isinstance(a["fits"], bool) and a["reason"] for a in answers)
        verdicts[trade] = sum(a["fits"] for a in answers)
    assert verdicts[board_resume.trade] == 8
    assert verdicts["nurse"] == verdicts["cook"] == 0


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("json_mode", ["object", "prompt"])
async def test_looser_json_modes_are_understood_too(
    autojump_clock: MockClock, world: World, provider: str, json_mode: str
) -> None:
    person, board_resume = world.published()[0]
    resume, masked = world.resume(person, board_resume)
    vacancy = world.vacancies(board_resume.trade, 1)[0]
    for prompt, key in (
        (letter_prompt(resume, masked, vacancy), "letter"),
        (prompts.query_prompt(resume, masked), "query"),
        (prompts.screening_prompt(resume, masked, vacancy, ""), "fits"),
    ):
        text = (await world.model(provider, json_mode).complete(prompt)).text
        answer = orjson.loads(text[text.index("{") : text.rindex("}") + 1])
        assert key in answer


async def test_no_contact_of_a_person_reaches_a_model(autojump_clock: MockClock, world: World) -> None:
    for person, board_resume in world.published():
        resume, masked = world.resume(person, board_resume)
        vacancy = world.vacancies(board_resume.trade, 1)[0]
        sent = " ".join(letter_prompt(resume, masked, vacancy).data.values())
        assert person.email not in sent
        assert person.phone not in sent
        assert person.last_name not in sent
