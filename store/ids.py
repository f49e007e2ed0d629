"""NewTypes for keys, so that a chat is never passed where a person is meant."""

from typing import NewType

UserId = NewType("UserId", int)
"""A person: Telegram's numeric user id."""

ChatId = NewType("ChatId", int)
"""A Telegram chat. In a private chat it equals the person's `UserId`."""

BoardName = NewType("BoardName", str)
"""Name of a job board in the registry: `hh`."""

VacancyId = NewType("VacancyId", str)
"""A vacancy's id at its board; unique only together with the `BoardName`."""

TaskKey = NewType("TaskKey", str)
"""Key of a task's checkpoint: `autopilot:42`."""
