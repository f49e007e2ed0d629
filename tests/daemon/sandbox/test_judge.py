"""The judge: what counts as applied, doubled and lost, from a log made by hand."""

from __future__ import annotations

import pytest

from daemon.sandbox.judge import ON_ITS_WAY_MS, StatusCard, Verdict, Witness, judge, vacancies_in
from daemon.sandbox.world_log import Act

ANNA, ACCOUNT = 7, "p1"
WITNESS = Witness({ANNA: ACCOUNT}, ("✅ Отклик отправлен", "✅ Application sent"))


def made(vacancy, user=ACCOUNT, source="api"):
    return "application_made", {"user": user, "vacancy": vacancy, "source": source}


def refused(vacancy, value="already_applied"):
    return "application_refused", {"user": ACCOUNT, "vacancy": vacancy, "value": value}


def said(text, vacancy=None, kind="message", chat=ANNA, buttons=""):
    links = f"http://127.0.0.1:1/hh-site/vacancy/{vacancy}" if vacancy else ""
    return kind, {"chat": chat, "text": text, "links": links, "buttons": buttons}


def applied(vacancy):
    return said(f"✅ Отклик отправлен: {vacancy}", vacancy)


def typed(update=1, *, is_confirmed=True):
    acts = [("update", {"update": update, "what": "message", "chat": ANNA})]
    return acts + ([("update_confirmed", {"update": update})] if is_confirmed else [])


def pressed(update=1, *, is_answered=True):
    acts = [
        ("update", {"update": update, "what": "callback_query", "chat": ANNA, "query": f"q{update}"}),
        ("update_confirmed", {"update": update}),
    ]
    return acts + ([("press_answered", {"chat": ANNA, "query": f"q{update}"})] if is_answered else [])


def verdict_on(*acts, crashes=0):
    return judge([Act(n, n, kind, facts) for n, (kind, facts) in enumerate(acts, 1)], WITNESS, crashes=crashes)


def test_a_clean_story_is_clean():
    verdict = verdict_on(
        *typed(), said("Здравствуйте"), *pressed(2), made("v1"), applied("v1"), made("v2"), applied("v2")
    )
    assert (verdict.applied, verdict.duplicates, verdict.lost, verdict.problems) == (2, 0, 0, [])
    assert verdict.is_clean


def test_a_second_application_to_a_vacancy_is_a_duplicate():
    verdict = verdict_on(made("v1"), made("v1"), made("v1"), applied("v1"))
    assert (verdict.applied, verdict.duplicates, verdict.lost) == (1, 2, 0)
    assert not verdict.is_clean


def test_asking_again_after_it_was_done_is_a_duplicate():
    assert verdict_on(made("v1"), applied("v1"), refused("v1")).duplicates == 1


def test_a_refusal_before_it_was_done_is_none():
    assert verdict_on(refused("v1", "inappropriate_language_message"), made("v1"), applied("v1")).is_clean


def test_what_a_person_did_by_hand_is_not_the_daemons():
    verdict = verdict_on(made("v1", source="site"), refused("v1"), applied("v1"))
    assert (verdict.applied, verdict.duplicates, verdict.lost) == (0, 0, 0)


def test_an_application_nobody_was_told_of_is_lost():
    verdict = verdict_on(made("v1"), made("v2"), applied("v2"))
    assert verdict.lost == 1
    assert "never told" in verdict.problems[0]


@pytest.mark.parametrize("kind", ["message", "edit"])
def test_any_word_on_the_vacancy_counts_as_told(kind):
    assert verdict_on(made("v1"), said("Нашёлся отклик", "v1", kind)).is_clean


def test_a_promise_the_board_does_not_know_is_lost():
    verdict = verdict_on(applied("v9"))
    assert verdict.lost == 1
    assert "does not know" in verdict.problems[0]


def test_told_to_somebody_else_is_not_told():
    assert verdict_on(made("v1"), said("✅ Отклик отправлен", "v1", chat=99)).lost == 1


def test_a_card_to_apply_by_hand_promises_nothing():
    assert verdict_on(said("📨 Нашлась подходящая вакансия", "v5")).is_clean


def test_a_last_message_without_answer_is_lost():
    assert verdict_on(*typed(1), said("a"), *typed(2)).lost == 1
    assert verdict_on(*typed(1), *typed(2), said("a", kind="edit")).is_clean


def test_a_press_without_its_own_answer_is_lost():
    assert verdict_on(*pressed(1, is_answered=False), said("a")).lost == 1


def test_an_update_never_confirmed_is_lost():
    assert verdict_on(*typed(1, is_confirmed=False), said("a")).lost == 1


def test_a_message_may_be_doubled_once_a_crash():
    twice = (said("a"), said("a"))
    assert verdict_on(*twice, crashes=1).is_clean
    assert verdict_on(*twice, crashes=1).doubled_messages == 1
    assert verdict_on(*twice, crashes=0).duplicates == 1
    assert verdict_on(said("a"), *typed(), said("a"), crashes=0).is_clean
    assert verdict_on(said("a"), said("a", buttons="x"), crashes=0).is_clean


def test_news_of_two_vacancies_with_the_same_words_are_two_messages():
    news = [said("✅ Отклик отправлен: Аналитик, Рога и копыта", vacancy) for vacancy in ("v1", "v2")]
    assert verdict_on(made("v1"), made("v2"), *news).is_clean
    assert verdict_on(made("v1"), made("v2"), *news, news[1]).duplicates == 1


def test_vacancies_are_read_from_addresses():
    links = "http://x/hh-site/vacancy/12?a=1\nhttp://x/applicant/vacancy_response?vacancyId=34\nhttp://x/other/56"
    assert vacancies_in(links) == {"12", "34"}
    assert vacancies_in("") == set()


def test_an_empty_verdict_is_clean():
    assert Verdict().is_clean


CARDS = {
    "all is well": StatusCard(4, {"applied": 2, "screened_out": 1}, reasons=1),
    "nothing to wait for": StatusCard(4, {"applied": 2, "screened_out": 1}, reasons=0),
    "letter waits": StatusCard(4, {"applied": 2, "screened_out": 1, "letter_ready": 1}, reasons=0),
    "one forgotten": StatusCard(3, {"applied": 2, "screened_out": 1}, reasons=0),
    "one passed over": StatusCard(4, {"applied": 2, "screened_out": 2}, reasons=0),
    "one not counted": StatusCard(4, {"applied": 1, "screened_out": 1}, reasons=2),
    "all done": StatusCard(4, {"applied": 2, "refused": 1, "screened_out": 1}, reasons=0),
}
SHOWN = ("vacancies_shown", {"user": ACCOUNT, "vacancies": "v1 v2 v3 test1"})
HUNT = (SHOWN, made("v1"), applied("v1"), made("v2"), applied("v2"))


def verdict_by_card(*acts, seconds_apart=5):
    witness = Witness(WITNESS.accounts, WITNESS.applied_words, frozenset({"v1", "v2", "v3", "v4"}), CARDS.get)
    told = [Act(n, n * seconds_apart * 1000, kind, facts) for n, (kind, facts) in enumerate(acts, 1)]
    return judge(told, witness, crashes=0)


@pytest.mark.parametrize("words", ["all is well", "all done"])
def test_a_status_that_accounts_for_everything_is_clean(words):
    assert verdict_by_card(*HUNT, said(words)).is_clean


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("nothing to wait for", "1 suitable ones wait for nothing"),
        ("letter waits", "1 suitable ones wait for nothing"),
        ("one forgotten", "1 vacancies that the board showed are not counted"),
        ("one passed over", "1 suitable ones do not fit"),
        ("one not counted", "1 applications are not counted"),
    ],
)
def test_what_the_last_status_does_not_account_for_is_lost(words, problem):
    verdict = verdict_by_card(*HUNT, said(words))
    assert verdict.lost == 1
    assert verdict.problems[0].endswith(problem)


def test_only_the_last_status_counts():
    assert verdict_by_card(*HUNT, said("one forgotten"), said("all is well"), said("Здравствуйте")).is_clean
    assert verdict_by_card(*HUNT, said("all is well"), said("one forgotten")).lost == 1
    assert verdict_by_card(*HUNT, said("all is well"), said("one forgotten", chat=99)).is_clean


def test_what_came_with_the_status_or_after_it_need_not_be_on_it():
    late = ("vacancies_shown", {"user": ACCOUNT, "vacancies": "v4"})
    assert verdict_by_card(*HUNT, said("all is well"), late).is_clean
    assert verdict_by_card(*HUNT, late, said("all is well")).lost == 1
    soon = verdict_by_card(*HUNT, late, said("all is well"), seconds_apart=ON_ITS_WAY_MS / 100_000)
    assert soon.is_clean


def test_what_others_were_shown_is_theirs():
    theirs = ("vacancies_shown", {"user": "p2", "vacancies": "v4 v5 v6"})
    assert verdict_by_card(theirs, *HUNT, said("all is well")).is_clean
