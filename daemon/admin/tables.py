"""Answers as tables for people: scalars in a grid, lists of records in tables. For machines there is `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

SECONDS = "_seconds"


def print_reply(console: Console, verb: str, reply: Any) -> None:
    """One answer."""
    if verb == "events":
        _print_event(console, reply)
        return
    if verb == "tree":
        _print_tree(console, reply)
        return
    for block in _blocks(reply):
        console.print(block)


def _blocks(reply: Any) -> Iterator[Any]:
    if not isinstance(reply, dict):
        yield str(reply)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    tables = []
    for name, value in reply.items():
        if isinstance(value, list) and value and all(isinstance(member, dict) for member in value):
            tables.append(_make_table(name, value))
        elif isinstance(value, list) and not value:
            continue
        else:
            grid.add_row(_label(name), escape(_show(name, value)))
    yield grid
    yield from tables


def _make_table(name: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=_label(name), title_justify="left", title_style="bold")
    columns = list(rows[0])
    for column in columns:
        is_number = all(isinstance(row[column], int | float) and not isinstance(row[column], bool) for row in rows)
        table.add_column(_label(column), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(_show(column, row.get(column))) for column in columns))
    return table


def _print_tree(console: Console, reply: dict[str, Any]) -> None:
    for line in reply["lines"]:
        facts = [line["phase"], _show("seconds", line["seconds"]) if line["seconds"] is not None else None]
        if line["restarts"]:
            facts.append(f"{line['restarts']} restarts, last {line['last_error']}")
        facts.append(line["place"])
        told = "  ".join(str(fact) for fact in facts if fact)
        console.print(f"{'  ' * line['depth']}{escape(line['name'])}  [dim]{escape(told)}[/dim]", soft_wrap=True)
    more = ", cut short" if reply["is_cut"] else ""
    console.print(f"[bold]{reply['tasks']} tasks[/bold]{more}")


def _print_event(console: Console, reply: dict[str, Any]) -> None:
    if reply["dropped"]:
        console.print(f"[bold red]… {reply['dropped']} lines left out[/bold red]")
    event = dict(reply["event"])
    head = " ".join(str(event.pop(name, "")) for name in ("at", "level", "event"))
    rest = " ".join(f"{name}={value}" for name, value in event.items())
    console.print(f"{escape(head)} [dim]{escape(rest)}[/dim]", soft_wrap=True)


def _label(name: str) -> str:
    return name.removesuffix(SECONDS).removeprefix("is_").replace("_", " ")


def _show(name: str, value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {None: "–", True: "yes", False: "no"}[value]
    if isinstance(value, dict):
        return _join(f"{key} {_show('', member)}" for key, member in value.items())
    if isinstance(value, list):
        return _join(str(member) for member in value)
    is_duration = isinstance(value, int) and (name == "seconds" or name.endswith(SECONDS))
    return show_duration(value) if is_duration else str(value)


def _join(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "–"


def show_duration(seconds: int) -> str:
    """`45 s`, `3 min 05 s`, `2 h 05 min`, `3 d 04 h`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left:02} h"
    if hours:
        return f"{hours} h {minutes_left:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds} s"
