"""ask(): a validated answer, or None and the asker's template. One repair try, naming what was wrong.

Models break off, wrap JSON in prose, invent fields, and sometimes obey the vacancy instead of us; all of that is caught
here, by the shape and by the asker's own check, so that no asker ever sees a raw answer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import orjson
import structlog
from pydantic import BaseModel, ValidationError

from daemon.llm.model import LlmError, ModelRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.llm.model import Prompt
    from daemon.llm.registry import Models
    from store.ids import UserId

log = structlog.get_logger(__name__)

Shape = TypeVar("Shape", bound=BaseModel)

_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*(.*?)\s*```\s*\Z", re.DOTALL)
_REJECTED_CHARS = 4_000


class _Unfit(Exception):
    """An answer that can't be used; its text tells the model why."""


async def ask(
    models: Models,
    prompt: Prompt,
    user_id: UserId,
    shape: type[Shape],
    check: Callable[[Shape], str | None] | None = None,
) -> Shape | None:
    """An answer in its shape that passed `check` (which says what is wrong, in words for the model), or None."""
    asked = prompt
    for is_last in (False, True):
        rejected = ""
        try:
            completion = await models.complete(asked, user_id)
            rejected = completion.text
            return _read(completion.text, shape, check)
        except (_Unfit, ModelRefused) as unfit:
            complaint = str(unfit)
        except LlmError as error:
            # Asked of every model already; the template is better than a second round of deadlines.
            log.info("model_not_asked", purpose=prompt.purpose, user_id=user_id, reason=str(error))
            return None
        log.info("model_answer_rejected", purpose=prompt.purpose, user_id=user_id, is_last=is_last)
        asked = _repair(prompt, complaint, rejected)
    return None


def _read(text: str, shape: type[Shape], check: Callable[[Shape], str | None] | None) -> Shape:
    try:
        answer = shape.model_validate(_find_object(text))
    except ValidationError as error:
        faults = "; ".join(f"{_name(issue['loc'])}: {issue['msg']}" for issue in error.errors()[:5])
        raise _Unfit(f"The JSON object does not match the schema: {faults}") from None
    fault = check(answer) if check is not None else None
    if fault is not None:
        raise _Unfit(fault)
    return answer


def _name(location: tuple[int | str, ...]) -> str:
    # The model may have invented the key: only what looks like one goes into our instruction.
    return re.sub(r"[^A-Za-z0-9_.]", "", ".".join(map(str, location)))[:60] or "object"


def _find_object(text: str) -> object:
    fenced = _FENCE.match(text)
    text = fenced.group(1) if fenced else text
    start, end = text.find("{"), text.rfind("}")
    for candidate in (text, text[start : end + 1] if start >= 0 else ""):
        try:
            value = orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            return value
    raise _Unfit("The answer was not one JSON object.")


def _repair(prompt: Prompt, complaint: str, rejected: str) -> Prompt:
    # What was wrong is said in our words; the rejected text itself is data like any other.
    data = {"rejected_answer": rejected[:_REJECTED_CHARS], **prompt.data} if rejected else prompt.data
    instruction = f"{prompt.instruction}\n\nAn earlier answer was rejected: {complaint} Answer anew and mend this."
    return replace(prompt, instruction=instruction, data=data)
