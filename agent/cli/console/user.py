"""The commands `gate-agent console user list | add | reset | remove`."""

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
    """Show every user with his role."""
    with access_of(configuration) as access:
        users = access.users.all()
    wide = max((len(user.name) for user in users), default=0)
    for user in users:
        notes = [*(["disabled"] if user.disabled else []), *(["has to choose a password"] if user.must_change else [])]
        echo(f"{user.name:<{wide}}  {user.role:<10}  {', '.join(notes)}".rstrip())
    if not users:
        echo("there is no user yet; the first is made with the code of `gate-agent console code`")


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What he may do.")],
    configuration: Configuration = DEFAULT_PATH,
) -> None:
    """Add a user, and show the password that he has to change when he first logs in."""
    password = made_up_password()
    with access_of(configuration) as access:
        access.users.add(checked_name(name), role, password, given=True)
        leave_act(access, "user.added", f"{spelled_name(name)}: {role}")
    echo(f"{spelled_name(name)}  {password}  (to be changed at the first log-in)")


@app.command()
def reset(name: Name, configuration: Configuration = DEFAULT_PATH) -> None:
    """Give somebody who lost his another password. He is not locked out any more, nor disabled; his sessions end."""
    password, name = made_up_password(), spelled_name(name)
    with access_of(configuration) as access:
        access.users.set_password(name, password, given=True)
        access.users.change(name, disabled=False)
        access.forget_failures(name)
        leave_act(access, "user.changed", f"{name}: another password")
    echo(f"{name}  {password}  (to be changed at the first log-in)")


@app.command()
def remove(name: Name, configuration: Configuration = DEFAULT_PATH) -> None:
    """Remove a user; his sessions end at once."""
    name = spelled_name(name)
    with access_of(configuration) as access:
        access.users.remove(name)
        leave_act(access, "user.removed", name)
    echo(f"{name} is removed")
