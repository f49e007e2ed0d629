"""Arguments only: run, demo, sandbox, check, migrate, backup, store copy, version, ctl.

Each command imports what it needs itself.

Exit codes: 0 fine, 1 failed, 2 wrong usage, 78 wrong configuration (systemd does not restart on it).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.config import AdminSettings, Settings, StoreSettings

WRONG_SETTINGS = 78
"""As in `exit_codes.py`, which is too slow to import for `aurora version`."""

app = typer.Typer(
    name="aurora",
    help="A self-hosted daemon that hunts for jobs on behalf of people who talk to it in Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

store_app = typer.Typer(help="Moves a store.", no_args_is_help=True)
app.add_typer(store_app, name="store")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file; default: ./aurora.toml, if it exists.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Makes the same world and the same moments again.")]


@app.command()
def run(config: ConfigOption = None) -> None:
    """The daemon, in the foreground."""
    settings, warnings = _load(config)
    from daemon.config import secrets_of
    from daemon.logs import configure_logs

    configure_logs(secrets=secrets_of(settings))
    raise typer.Exit(_find("daemon.main", "run")(settings, warnings))


@app.command()
def demo(
    seed: SeedOption = 1,
    *,
    is_over_at_end: Annotated[bool, typer.Option("--exit", help="End when the story is over.")] = False,
) -> None:
    """The newcomer's story in a simulated world, with the daemon killed and restarted in the middle."""
    raise typer.Exit(_find("daemon.sandbox.story", "run_demo")(exit_after=is_over_at_end, seed=seed))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="First port; 0 takes free ones.")] = 0,
    seed: SeedOption = 1,
) -> None:
    """The simulated world alone: Telegram, hh.ru, models, and a chat page in the browser."""
    raise typer.Exit(_find("daemon.sandbox.world", "run_sandbox")(port=port, seed=seed))


@app.command()
def check(config: ConfigOption = None) -> None:
    """Checks settings, store, Telegram, boards and models; a line each."""
    settings, warnings = _load(config)
    _say_warnings(warnings)
    import trio

    from daemon.checks import FAILED as CHECK_FAILED
    from daemon.checks import check_everything

    has_failed = False
    for result in trio.run(check_everything, settings):
        print(f"{result.state:<7} {result.name}: {result.text}")
        has_failed = has_failed or result.state == CHECK_FAILED
    raise typer.Exit(WRONG_SETTINGS if has_failed else 0)


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Brings the store's schema up to date."""
    store, _ = _load_store(config)
    import trio

    from daemon.upkeep import migrate_store

    _say(lambda: trio.run(migrate_store, store.url))


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Must not exist yet.")], config: ConfigOption = None
) -> None:
    """A consistent copy of the store, also while the daemon runs."""
    store, _ = _load_store(config)
    from daemon.upkeep import back_up_store

    _say(lambda: back_up_store(store, target))


@store_app.command("copy")
def copy_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help="sqlite:////path or postgresql://host/database")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; empty, or the rest of a copy cut off.")],
) -> None:
    """Copies a store that no daemon uses into an empty one, of either kind; run again after a cut it goes on."""
    import trio

    from daemon.upkeep import copy_store as copy_between

    if urlsplit(source).password or urlsplit(target).password:
        hint = "everybody on this machine can read a password on the command line: use PGPASSWORD or ~/.pgpass"
        _say_warnings([hint])
    _say(lambda: trio.run(copy_between, source, target, print))


@app.command()
def version() -> None:
    """The version."""
    from daemon import VERSION

    print(f"aurora {VERSION}")


@app.command(context_settings={"ignore_unknown_options": True})
def ctl(
    words: Annotated[list[str], typer.Argument(metavar="VERB ...", help="status, tree, users, why USER, ...")],
    config: ConfigOption = None,
    *,
    is_json: Annotated[bool, typer.Option("--json", help="One JSON object per answer, for machines.")] = False,
) -> None:
    """Talks to the running daemon through its admin socket."""
    _, admin = _load_store(config)
    from daemon.admin.ctl import run_ctl

    raise typer.Exit(run_ctl(Path(admin.socket), words, is_json=is_json))


def main() -> None:
    """The console script."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except SystemExit as end:
        if sys.argv[1:2] == ["run"] and isinstance(end.code, int):
            # All is on disk. Taking six hundred modules apart would cost another third of a second of CPU, in which
            # nobody is served and systemd waits.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise


def _load(config: Path | None) -> tuple[Settings, list[str]]:
    from daemon.config import SettingsError, load_settings

    try:
        return load_settings(config, os.environ)
    except SettingsError as error:
        _refuse(error)


def _load_store(config: Path | None) -> tuple[StoreSettings, AdminSettings]:
    from daemon.config import SettingsError, load_store_and_socket

    try:
        return load_store_and_socket(config, os.environ)
    except SettingsError as error:
        _refuse(error)


def _find(module: str, function: str) -> Callable[..., int]:
    """By name, so that a release without the sandbox is still a whole program."""
    from importlib import import_module

    found: Callable[..., int] = getattr(import_module(module), function)
    return found


def _say(work: Callable[[], str]) -> None:
    """Prints what the work answers; an error the program knows becomes one line and its exit code."""
    from daemon.errors import DaemonError
    from daemon.exit_codes import exit_code_of
    from store.errors import StoreError

    try:
        print(work())
    except (DaemonError, StoreError) as error:
        print(f"aurora: {error}", file=sys.stderr)
        raise typer.Exit(exit_code_of(error)) from None


def _refuse(error: Exception) -> NoReturn:
    for line in str(error).splitlines():
        print(f"aurora: {line}", file=sys.stderr)
    raise typer.Exit(WRONG_SETTINGS)


def _say_warnings(warnings: list[str]) -> None:
    for warning in warnings:
        print(f"aurora: warning: {warning}", file=sys.stderr)
