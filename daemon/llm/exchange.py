"""One HTTP exchange with a model's server, within the deadline, and the failures that all servers share.

Called by both providers. What a server says about a failure is never repeated: some echo the key they were given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

import httpx2
import orjson
import trio
from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.http_client import AnswerLost, NotSent, send
from daemon.llm.model import Completion, ModelBusy, ModelMisconfigured, ModelRefused, ModelTrouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.http_client import Answer
    from daemon.llm.model import LanguageModel

Shape = TypeVar("Shape", bound="ServerAnswer")

MAX_ANSWER_BYTES = 2 * 1024 * 1024
CONNECT_SECONDS = 10.0
BUSY_SECONDS = 20.0
USED_UP_SECONDS = 3_600.0
"""A quota of the day or an empty purse: asking every minute would not refill it."""


class ServerAnswer(BaseModel):
    """An answer's shape; what a provider adds is let through."""

    model_config = ConfigDict(extra="ignore", frozen=True)


async def post(
    http: httpx2.AsyncClient, url: str, body: object, headers: Mapping[str, str], timeout_seconds: float
) -> Answer:
    """Posts JSON. Raises `ModelTrouble`; every status comes back."""
    request = http.build_request(
        "POST",
        url,
        content=orjson.dumps(body),
        headers={"Content-Type": "application/json", **headers},
        # A model thinks in silence: only the whole deadline may end that, not the client's usual patience.
        timeout=httpx2.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_SECONDS)),
    )
    try:
        return await send(http, request, total_seconds=timeout_seconds, max_bytes=MAX_ANSWER_BYTES)
    except (NotSent, AnswerLost) as error:
        raise ModelTrouble(f"the model's server: {error}") from None


def read_answer(answer: Answer, shape: type[Shape]) -> Shape:
    """A good answer in its shape. Raises `ModelTrouble`."""
    try:
        return shape.model_validate(answer.json())
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, issue["loc"])) or "body" for issue in error.errors()[:3])
    # Raised out here: the library's error holds the values, and as a context it would travel along.
    raise ModelTrouble(f"the model's answer can't be read: {fields}")


def complete(
    model: LanguageModel, read_text: Callable[[], str], tokens: tuple[int, int], *, started_at: float
) -> Completion:
    """What the model said and its price, tokens of prompt and answer. Raises what `read_text` does, priced likewise."""
    try:
        text = read_text()
    except ModelRefused as refused:
        refused.prompt_tokens, refused.completion_tokens = tokens
        raise
    duration_ms = round((trio.current_time() - started_at) * 1000)
    return Completion(text, model.provider, model.model, *tokens, duration_ms)


def refuse(answer: Answer, *, is_used_up: bool = False, is_misconfigured: bool = False, wait: float = 0) -> NoReturn:
    """The error for a status other than 200; the arguments say what the provider read in the body."""
    status = answer.status
    if is_misconfigured or status in {401, 402, 403, 404}:
        raise ModelMisconfigured(
            f"the model's server answered {status}: check llm.api_key, llm.model, llm.base_url, "
            "and whether the provider serves this country (http.proxy)"
        )
    if status in {429, 503, 529}:
        seconds = USED_UP_SECONDS if is_used_up else wait or answer.retry_after_seconds or BUSY_SECONDS
        raise ModelBusy(f"the model's server answered {status}", retry_after_seconds=seconds)
    if status in {400, 413, 422}:
        # One prompt may be at fault, or the settings: when every call ends like this, the circuit opens.
        raise ModelTrouble(f"the model's server did not accept the request ({status}): check llm.model, llm.json_mode")
    raise ModelTrouble(f"the model's server answered {status}")
