"""Verb: what an operator can ask or order, once, for all doors. The list is `verbs/catalogue.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.admin.wire import AdminError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from daemon.admin.operations import Operations


class VerbArgs(BaseModel):
    """Arguments of a verb, in the order in which words are given on the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for the audit: `socket uid=1000`, `bot user=42`."""

    who: str


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb; it has either one answer or a stream of them."""

    name: str
    usage: str
    """`why USER`."""
    summary: str
    args: type[VerbArgs]
    answer: Callable[[Operations, Caller, Any], Awaitable[object]] | None = None
    stream: Callable[[Operations, Caller, Any], AsyncGenerator[object, None]] | None = None

    def read_args(self, args: Mapping[str, Any]) -> VerbArgs:
        """Raises `AdminError` with the usage."""
        try:
            return self.args.model_validate(dict(args))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            message = str(first["msg"]).removeprefix("Value error, ")
            raise AdminError("bad_args", f"{name}: {message}; usage: {self.usage}") from None

    def words_to_args(self, words: Sequence[str]) -> dict[str, str]:
        """Arguments from the words of a command line; the last argument takes the rest. Raises `AdminError`."""
        names = list(self.args.model_fields)
        if not names and words:
            raise AdminError("bad_args", f"too many words; usage: {self.usage}")
        first, rest = list(words[: len(names) - 1]), list(words[len(names) - 1 :])
        values = [*first, " ".join(rest)] if rest else first
        return dict(zip(names, values, strict=False))
