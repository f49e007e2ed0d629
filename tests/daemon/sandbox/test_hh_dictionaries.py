"""The simulated board's dictionaries cover what its vacancies use."""

from __future__ import annotations

from daemon.sandbox.corpus import build_corpus
from daemon.sandbox.hh_dictionaries import list_areas, list_dictionaries


def ids(name: str, key: str = "id") -> set[str]:
    return {entry[key] for entry in list_dictionaries()[name]}


def test_every_kind_of_the_corpus_is_in_a_dictionary():
    corpus = build_corpus(1)
    assert {vacancy.experience for vacancy in corpus} <= ids("experience")
    assert {vacancy.schedule for vacancy in corpus} <= ids("schedule")
    assert {vacancy.employment for vacancy in corpus} <= ids("employment")
    assert {vacancy.kind for vacancy in corpus} <= ids("vacancy_type")
    assert {vacancy.pay.currency for vacancy in corpus if vacancy.pay} <= ids("currency", "code")


def test_rouble_is_the_default():
    assert [entry["code"] for entry in list_dictionaries()["currency"] if entry["default"]] == ["RUR"]


def test_areas_are_a_tree_of_countries():
    for country in list_areas():
        assert country["parent_id"] is None
        assert all(city["parent_id"] == country["id"] for city in country["areas"])


def test_every_city_of_the_corpus_is_in_the_tree():
    cities = {city["id"] for country in list_areas() for city in country["areas"]}
    assert {vacancy.area.area_id for vacancy in build_corpus(1)} <= cities
