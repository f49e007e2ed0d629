"""hh.ru's answers as they come in: pydantic at the door, and nothing required but an id.

The specification says that a `null` field may also be absent, and answers seen in the wild hold more nulls and other
kinds than it promises. So every field but an id is soft: what can't be read counts as not given. Only `mapping.py`
and `api.py` read these models.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FiniteFloat,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

T = TypeVar("T")


def _none_if_unreadable(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


def _readable_items(value: Any) -> Any:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _is_true(value: Any) -> bool:
    return value is True


Soft = Annotated[T | None, WrapValidator(_none_if_unreadable)]
"""None when it is missing, null or of another kind."""

Items = Annotated[list[T], BeforeValidator(_readable_items)]
"""The objects of a list; empty when it is missing, null or no list."""

Text = Annotated[str, BeforeValidator(_text)]
"""A string, empty when it is missing, null or of another kind. Ids come as numbers too."""

Flag = Annotated[bool, BeforeValidator(_is_true)]
"""True only when the board says true."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ErrorItem(_Answer):
    """One of `errors`."""

    type: Text = ""
    value: Text = ""
    captcha_url: Text = ""
    fallback_url: Text = ""


class BadArgument(_Answer):
    """One of `bad_arguments`."""

    name: Text = ""


class ErrorBody(_Answer):
    """The body of a refusal; also the token endpoint's."""

    errors: Items[ErrorItem] = []
    bad_argument: Text = ""
    bad_arguments: Items[BadArgument] = []
    oauth_error: Text = ""
    description: Text = ""
    error: Text = ""
    error_description: Text = ""


class TokenBody(_Answer):
    """A pair of tokens, or the application's token alone."""

    access_token: str
    refresh_token: Soft[str] = None
    expires_in: Soft[int] = None


class Named(_Answer):
    """`{id, name}`, as most of the board's dictionaries come."""

    id: Text = ""
    name: Text = ""


class MeBody(_Answer):
    """`GET /me`."""

    id: Text = ""
    auth_type: Text = ""
    is_applicant: Flag = False


class PageBody(_Answer):
    """One page of any list; its items are read one by one, so that a broken one spoils nothing."""

    items: list[Any]
    found: Soft[int] = None
    pages: Soft[int] = None


class EmployerBody(_Answer):
    """An employer; an anonymous vacancy has none, or one without an id."""

    id: Text = ""
    name: Text = ""
    blacklisted: Flag = False


class SalaryBody(_Answer):
    """`salary` and `salary_range`."""

    lower: Soft[FiniteFloat] = None
    upper: Soft[FiniteFloat] = None
    currency: Text = ""
    gross: Soft[bool] = None

    @classmethod
    def read(cls, value: Any) -> SalaryBody | None:
        """`from` and `to` are keywords in Python."""
        if not isinstance(value, dict):
            return None
        return cls(
            lower=value.get("from"), upper=value.get("to"), currency=value.get("currency"), gross=value.get("gross")
        )


class SnippetBody(_Answer):
    """Two sentences of a vacancy with the words found marked."""

    requirement: Text = ""
    responsibility: Text = ""


class TestBody(_Answer):
    """The employer's questions."""

    __test__ = False  # pytest: not a test
    required: Soft[bool] = None


class VacancyBody(_Answer):
    """A vacancy, as in a search and as a whole."""

    id: str | int
    name: str
    employer: Soft[EmployerBody] = None
    area: Soft[Named] = None
    alternate_url: Text = ""
    apply_alternate_url: Text = ""
    response_url: Text = ""
    salary: Annotated[SalaryBody | None, BeforeValidator(SalaryBody.read)] = None
    salary_range: Annotated[SalaryBody | None, BeforeValidator(SalaryBody.read)] = None
    snippet: Soft[SnippetBody] = None
    description: Text = ""
    key_skills: Items[Named] = []
    has_test: Flag = False
    test: Soft[TestBody] = None
    response_letter_required: Flag = False
    archived: Flag = False
    hidden: Flag = False
    closed_for_applicants: Flag = False
    type: Soft[Named] = None
    relations: Soft[list[Any]] = None
    published_at: Text = ""


class ReferenceBody(_Answer):
    """Something named only by its id: the vacancy or the resume of a negotiation."""

    id: str | int


class NegotiationBody(_Answer):
    """An application as the person's list shows it. `vacancy` is missing in the official example."""

    id: str | int
    state: Soft[Named] = None
    created_at: Text = ""
    vacancy: Soft[ReferenceBody] = None


class ResumesByStatusBody(_Answer):
    """`/vacancies/{id}/resumes_by_status`: strict, because an unreadable list must never read as "not applied"."""

    already_applied: list[Any]


class ResumeRowBody(_Answer):
    """One of `/resumes/mine`."""

    id: str
    title: Text = ""
    status: Soft[Named] = None
    blocked: Flag = False
    updated_at: Text = ""


class ContactBody(_Answer):
    """A way to reach the person; `value` is the older form, a string or a dissected phone number."""

    contact_value: Text = ""
    value: Any = None


class SiteBody(_Answer):
    """A page of the person."""

    url: Text = ""


class ExperienceBody(_Answer):
    """A former job."""

    company: Text = ""
    position: Text = ""
    description: Text = ""
    start: Text = ""
    end: Soft[str] = None


class PlaceOfStudyBody(_Answer):
    """A school or a course."""

    name: Text = ""
    organization: Text = ""
    result: Text = ""
    year: Soft[int] = None


class EducationBody(_Answer):
    """What was learned, and where."""

    level: Soft[Named] = None
    primary: Items[PlaceOfStudyBody] = []
    additional: Items[PlaceOfStudyBody] = []


class MonthsBody(_Answer):
    """`total_experience`."""

    months: Soft[int] = None


class LanguageBody(_Answer):
    """A language and how well."""

    name: Text = ""
    level: Soft[Named] = None


class ResumeBody(_Answer):
    """A whole resume."""

    id: str
    title: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    middle_name: Text = ""
    skills: Text = ""
    skill_set: Soft[list[Any]] = None
    experience: Items[ExperienceBody] = []
    education: Soft[EducationBody] = None
    language: Items[LanguageBody] = []
    contact: Items[ContactBody] = []
    site: Items[SiteBody] = []
    total_experience: Soft[MonthsBody] = None
    area: Soft[Named] = None
    professional_roles: Items[Named] = []
