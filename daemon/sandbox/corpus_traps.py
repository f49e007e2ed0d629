"""The traps of a real board, laid into the corpus: each trade gets its share of every kind.

A trap is named in `BoardVacancy.traps`, so that tests and the chat page can point at it; the product never sees the
name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.sandbox.corpus_text import add_paragraph, lengthen
from daemon.sandbox.material import load_phrases

if TYPE_CHECKING:
    import random

    from daemon.sandbox.vacancy import BoardVacancy, Employer

Lay = Callable[["BoardVacancy", "random.Random"], "BoardVacancy"]

MISSABLE = (
    *("salary", "-salary", "employer", "-employer", "area", "-snippet", "snippet", "-relations", "-key_skills"),
    *("schedule", "-experience", "type", "-has_test", "test", "-published_at", "-alternate_url", "counters"),
)
"""Fields that real answers lack (`-name`) or hold null in."""


def set_traps(vacancies: list[BoardVacancy], chance: random.Random) -> list[BoardVacancy]:
    """Lays traps into some of a trade's vacancies: a share of each kind, at least one in a trade of forty or more."""
    trapped = list(vacancies)
    for name, share, lay in TRAPS:
        count = max(share * len(trapped), 1 if len(trapped) >= 40 or chance.random() < share * len(trapped) else 0)
        free = [i for i, vacancy in enumerate(trapped) if _may_lay(name, vacancy)]
        for i in chance.sample(free, min(len(free), round(count))):
            vacancy = lay(trapped[i], chance)
            trapped[i] = replace(vacancy, traps=vacancy.traps | {name})
    return trapped


def repost(vacancy: BoardVacancy, agency: Employer, chance: random.Random) -> BoardVacancy:
    """The same vacancy again, by an agency: near-equal text, another employer, a little younger."""
    phrases = load_phrases(vacancy.language)
    intro = chance.choice(phrases.agency_intros).format(agency=agency.name, title=vacancy.title)
    body = vacancy.html.replace(vacancy.employer.about, "").replace(vacancy.employer.name, agency.name)
    return replace(
        vacancy,
        employer=agency,
        contact=None,
        address=None,
        html=f"<p>{intro}</p>{body}",
        age_seconds=max(300, vacancy.age_seconds - chance.randrange(300, 86_400)),
        responses=vacancy.responses // 2,
        traps=vacancy.traps | {"repost"},
    )


def _may_lay(name: str, vacancy: BoardVacancy) -> bool:
    """What makes a vacancy unsuitable or empty is laid alone; what only hurts the reader may come together."""
    return not vacancy.traps if name in ALONE else not vacancy.traps & {name, *ALONE}


def _test(vacancy: BoardVacancy, _: random.Random) -> BoardVacancy:
    return replace(vacancy, has_test=True)


def _archived(vacancy: BoardVacancy, _: random.Random) -> BoardVacancy:
    return replace(vacancy, is_archived=True)


def _direct(vacancy: BoardVacancy, chance: random.Random) -> BoardVacancy:
    address = f"https://jobs.example.com/apply/{chance.randrange(10_000, 99_999)}"
    return replace(vacancy, kind="direct", response_url=address)


def _closed_for_applicants(vacancy: BoardVacancy, _: random.Random) -> BoardVacancy:
    return replace(vacancy, is_closed_for_applicants=True)


def _answered(vacancy: BoardVacancy, _: random.Random) -> BoardVacancy:
    return replace(vacancy, is_answered=True)


def _anonymous(vacancy: BoardVacancy, _: random.Random) -> BoardVacancy:
    html = vacancy.html.replace(vacancy.employer.about, "")
    return replace(vacancy, kind="anonymous", html=html, contact=None, address=None)


def _letter(vacancy: BoardVacancy, chance: random.Random) -> BoardVacancy:
    wish = chance.choice(load_phrases(vacancy.language).letter_wanted)
    return replace(vacancy, needs_letter=True, html=add_paragraph(vacancy.html, wish))


def _injection(vacancy: BoardVacancy, chance: random.Random) -> BoardVacancy:
    return replace(vacancy, html=add_paragraph(vacancy.html, chance.choice(load_phrases(vacancy.language).injections)))


def _long(vacancy: BoardVacancy, chance: random.Random) -> BoardVacancy:
    return replace(vacancy, html=lengthen(vacancy.html, vacancy.language, chance))


def _missing(vacancy: BoardVacancy, chance: random.Random) -> BoardVacancy:
    return replace(vacancy, missing=frozenset(chance.sample(MISSABLE, chance.randint(1, 4))))


def _empty_text(vacancy: BoardVacancy, _: random.Random) -> BoardVacancy:
    return replace(vacancy, html="", requirement=None, responsibility=None)


TRAPS: tuple[tuple[str, float, Lay], ...] = (
    ("test", 0.04, _test),
    ("archived", 0.03, _archived),
    ("direct", 0.03, _direct),
    ("closed_for_applicants", 0.02, _closed_for_applicants),
    ("answered", 0.03, _answered),
    ("anonymous", 0.04, _anonymous),
    ("letter", 0.12, _letter),
    ("injection", 0.03, _injection),
    ("long", 0.03, _long),
    ("missing", 0.06, _missing),
    ("empty_text", 0.01, _empty_text),
)
ALONE = frozenset({"test", "archived", "direct", "closed_for_applicants", "answered", "empty_text"})
