"""The commands `gate-agent console user list | add | reset | reset-second-factor | remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.console.common import access_of, leave_act
from agent.cli.terminal import echo
from agent.console.access import Role, checked_name, made_up_password, spelled_name

app = typer.Typer(no_args_is_help=True, help="List, add, reset and remove the users of the console.")

Name = Annotated[str, typer.Argument(help="Name of the user.")]


@app.command("list")
def list_users(configuration: Configuration = DEFAULT_PATH) -> None:
    """Show every user with their role."""
    with access_of(configuration) as access:
        users, factors = access.users.all(), access.factors.standings()
    wide = max((len(user.name) for user in users), default=0)
    for user in users:
        known = {
            "disabled": user.disabled,
            "must choose a password": user.must_change,
            "second factor": user.name in factors,
        }
        notes = [note for note, holds in known.items() if holds]
        echo(f"{user.name:<{wide}}  {user.role:<10}  {', '.join(notes)}".rstrip())
    if not users:
        echo("there is no user yet; the first is made with the code of `gate-agent console code`")


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    configuration: Configuration = DEFAULT_PATH,
) -> None:
    """Add a user, and show the password, which the user must change at the first log-in."""
    password = made_up_password()
    with access_of(configuration) as access:
        access.users.add(checked_name(name), role, password, given=True)
        leave_act(access, "user.added", f"{spelled_name(name)}: {role}")
    echo(f"{spelled_name(name)}  {password}  (to be changed at the first log-in)")


@app.command()
def reset(name: Name, configuration: Configuration = DEFAULT_PATH) -> None:
    """Give a user a new password. This ends a lock-out, enables a disabled user, and ends all sessions."""
    password, name = made_up_password(), spelled_name(name)
    with access_of(configuration) as access:
        access.users.set_password(name, password, given=True)
        access.users.change(name, disabled=False)
        access.forget_failures(name)
        leave_act(access, "user.changed", f"{name}: another password")
    echo(f"{name}  {password}  (to be changed at the first log-in)")


@app.command("reset-second-factor")
def reset_second_factor(name: Name, configuration: Configuration = DEFAULT_PATH) -> None:
    """Remove the second factor of a user who lost the phone. The password stays; all sessions end.

    The user sets up a new one under Account. If the role requires one, the user must do this first.
    """
    name = spelled_name(name)
    with access_of(configuration) as access:
        access.factors.remove(name)
        access.forget_failures(name)
        leave_act(access, "second_factor.reset", name)
    echo(f"the second factor of {name} is removed")


@app.command()
def remove(name: Name, configuration: Configuration = DEFAULT_PATH) -> None:
    """Remove a user; all sessions of the user end at once."""
    name = spelled_name(name)
    with access_of(configuration) as access:
        access.users.remove(name)
        leave_act(access, "user.removed", name)
    echo(f"{name} is removed")
