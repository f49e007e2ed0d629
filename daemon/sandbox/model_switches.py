"""What a language model does wrong, by switch: refusals, cut answers, broken JSON, obedience to strangers.

The chat page, the story and tests set them; `models.py` asks before each answer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import random

Fault = Literal[
    "refusal",
    "content_filter",
    "cut_off",
    "empty",
    "not_json",
    "fenced",
    "wrong_shape",
    "obeys_vacancy",
    "too_short",
    "busy",
    "quota",
    "overloaded",
    "error",
    "wrong_key",
    "wrong_location",
    "hang",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
"""refusal: the prompt is blocked · content_filter: the answer is · cut_off: half of the JSON · empty: no text, budget
spent on thinking · not_json: chat · fenced: JSON in a code fence · wrong_shape: other keys · obeys_vacancy: does what
the vacancy says · too_short: a letter of one line · busy, quota: 429 for seconds, for the day · overloaded: 503 ·
error: 500 · wrong_key: 401 or 403 · wrong_location: Gemini's 400 · hang: no answer."""


@dataclass(slots=True)
class ModelSwitches:
    """May be changed while the models run; both of them look here."""

    api_key: str = ""
    """The only key that is let in; empty: any key, but not none."""
    models: frozenset[str] = frozenset()
    """Known names; empty: any."""
    retry_seconds: int = 7
    hang_seconds: float = 3600.0
    share: dict[Fault, float] = field(default_factory=dict)
    """How often each fault happens by itself, 0 to 1."""
    coming: deque[Fault] = field(default_factory=deque)
    """Faults of the next requests, one each, before anything else."""

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """The next requests end so."""
        if fault not in FAULTS:
            raise ValueError(f"no such fault: {fault}")
        self.coming.extend([fault] * times)

    def fail_often(self, fault: Fault, share: float) -> None:
        """From now on this share of requests ends so; 1 is all, 0 none."""
        if fault not in FAULTS:
            raise ValueError(f"no such fault: {fault}")
        self.share[fault] = share

    def draw(self, chance: random.Random) -> Fault | None:
        """What happens to this request; None: it is answered well."""
        if self.coming:
            return self.coming.popleft()
        return next((fault for fault, share in self.share.items() if chance.random() < share), None)
