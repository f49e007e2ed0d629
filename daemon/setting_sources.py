"""Where settings come from: the TOML file, files of `$CREDENTIALS_DIRECTORY`, the environment; later ones win.

Written by hand because pydantic-settings doubles the time a command needs to start, and reports neither unknown
variables nor where a wrong value stood (`docs/decisions/0009-settings-without-pydantic-settings.md`).
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

PREFIX = "AURORA_"
NESTING = "__"
DEFAULT_FILE = "aurora.toml"
LONGEST_CREDENTIAL = 64 * 1024


class SourceError(Exception):
    """A source of settings can't be read; the text is for the operator."""


@dataclass(slots=True)
class Gathered:
    """Values by dotted name (`telegram.token`), with the source each came from."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def take(self, name: str, value: Any, source: str) -> None:
        """Later sources win."""
        self.values[name] = value
        self.sources[name] = source

    def nested(self, rooms: Iterable[str]) -> dict[str, Any]:
        """As the settings model wants it: one dict per room, also for rooms nothing is known of."""
        tree: dict[str, Any] = {room: {} for room in rooms}
        for name, value in self.values.items():
            room, dot, leaf = name.partition(".")
            if dot:
                tree[room][leaf] = value
            else:
                tree[room] = value
        return tree


def variable_of(name: str) -> str:
    """`telegram.token` is `AURORA_TELEGRAM__TOKEN` in the environment."""
    return PREFIX + name.replace(".", NESTING).upper()


def gather(config_path: Path | None, environ: Mapping[str, str], names: Collection[str]) -> Gathered:
    """Reads all sources. `names` are the settings that exist. Raises `SourceError`."""
    gathered = Gathered()
    path = config_path or Path(DEFAULT_FILE)
    if config_path is not None or path.is_file():
        for name, value in _read_toml(path, names).items():
            gathered.take(name, value, str(path))
    known = {variable_of(name): name for name in names}
    _take_credentials(gathered, environ.get("CREDENTIALS_DIRECTORY"), known)
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX):
            continue
        if variable not in known:
            gathered.warnings.append(
                f"{variable} is no setting of this program and is ignored{_nearest(variable, known)}"
            )
        elif value.strip():
            gathered.take(known[variable], value, "the environment")
    return gathered


def _take_credentials(gathered: Gathered, folder: str | None, known: Mapping[str, str]) -> None:
    if not folder or not Path(folder).is_dir():
        return
    for path in sorted(Path(folder).iterdir()):
        name = known.get(path.name.upper())
        if name is None:
            continue
        try:
            text = path.read_text(encoding="utf-8") if path.stat().st_size <= LONGEST_CREDENTIAL else None
        except (OSError, UnicodeDecodeError):
            text = None
        if text is None:
            raise SourceError(f"the credential file {path} can't be read: expected a short text file in UTF-8")
        if text.strip():
            gathered.take(name, text.strip(), f"the credential file {path}")


def _read_toml(path: Path, names: Collection[str]) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"the settings file {path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SourceError(f"the settings file {path} can't be read: expected text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"the settings file {path} is not valid TOML: {_place(error)}") from None
    return _flatten(content, path, names)


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Only where: the text of the error may quote the line, and that may hold a secret."""
    text = str(error)
    start = text.rfind("(at ")
    return text[start:].strip("()") if start >= 0 else "somewhere"


def _flatten(content: Mapping[str, Any], path: Path, names: Collection[str]) -> dict[str, Any]:
    rooms = {name.partition(".")[0] for name in names if "." in name}
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if key in rooms and isinstance(value, dict):
            flat |= {f"{key}.{leaf}": member for leaf, member in value.items()}
        elif key in rooms:
            raise SourceError(f"'{key}' in {path}: expected a table; write [{key}] on a line of its own")
        else:
            flat[key] = value
    unknown = [name for name in flat if name not in names]
    if unknown:
        lines = [f"'{name}' in {path} is no setting of this program{_nearest(name, names)}" for name in unknown]
        raise SourceError("\n".join(lines))
    return flat


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
