"""Whose rights root takes before it touches files that somebody else could have planted.

A folder of the agent's user may hold links, pipes and other names that lead elsewhere. With the rights of that user
they lead nowhere that he could not reach himself; so root's commands take his before they open anything of his.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ROOT: Final = 0
NOBODY: Final = 65534
_MOST_LINKS: Final = 40
PRIVATE_UMASK: Final = 0o077
"""What a command writes, its user alone may read: permits, events and states name people. Others are let in by name."""
_OWN: Final = threading.Event()


@dataclass(frozen=True, slots=True)
class Account:
    """A user with his first group and all of his groups."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def own_process() -> None:
    """Say that this process is the command's own: it may give up rights, and its files are private.

    A program that calls a command as a function keeps its rights.
    """
    _OWN.set()
    os.umask(PRIVATE_UMASK)


def owner_of(path: Path) -> Account | None:
    """Who beside root can change what a path leads to: the first on the way down to it, through links; None: nobody.

    What does not exist is left out, and so are folders into which everybody may put names of their own, such as /tmp.
    """
    ways = [path.absolute()]
    for way in ways:
        for place in (*reversed(way.parents), way):
            try:
                status = place.lstat()
            except OSError:
                break
            if stat.S_ISLNK(status.st_mode):
                if status.st_uid != ROOT:
                    return _of_user(status)
                if len(ways) < _MOST_LINKS:
                    ways.append(place.parent / place.readlink() / way.relative_to(place))
                break
            if (found := _changing(status)) is not None:
                return found
    return None


def become(account: Account) -> None:
    """Take an account's rights, for good. For root only, and before threads are started. Raises OSError."""
    os.setgroups(account.groups)
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)


@contextmanager
def acting_as(account: Account | None) -> Iterator[None]:
    """Take an account's rights for a while; None, or not being root: everything stays.

    Not for several threads at once.
    """
    if account is None or os.geteuid() != ROOT:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups(account.groups)
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(ROOT)
        os.setegid(gid)
        os.setgroups(groups)


@contextmanager
def acting_as_caller() -> Iterator[None]:
    """Within `acting_as`: root's own rights again, for a file of its own."""
    uid, gid, groups = os.geteuid(), os.getegid(), os.getgroups()
    if os.getuid() != ROOT or uid == ROOT:
        yield
        return
    os.seteuid(ROOT)
    try:
        yield
    finally:
        os.setegid(gid)
        os.setgroups(groups)
        os.seteuid(uid)


def owner_for_root(*paths: Path) -> Account | None:
    """Whose rights this process has to take for these paths: the first owner where it is root, else None."""
    if os.geteuid() != ROOT:
        return None
    return next((found for path in paths if (found := owner_of(path)) is not None), None)


def take_owner_rights(*paths: Path) -> None:
    """Take the rights of the first owner, for good, where root's own process works at these paths. Raises OSError."""
    account = owner_for_root(*paths) if _OWN.is_set() else None
    if account is not None:
        become(account)


def _changing(status: os.stat_result) -> Account | None:
    if status.st_uid != ROOT:
        return _of_user(status)
    if status.st_mode & stat.S_IWGRP and status.st_gid != ROOT:
        return _of_group(status.st_gid)
    return None


def _of_user(status: os.stat_result) -> Account:
    try:
        return _account(pwd.getpwuid(status.st_uid))
    except KeyError:  # a user whom only a container or a service manager knows
        return Account(status.st_uid, status.st_gid, (status.st_gid,))


def _of_group(gid: int) -> Account:
    """Who has this group as his first, else who is a member of it; nobody else could write there."""
    users: Sequence[pwd.struct_passwd] = [user for user in pwd.getpwall() if user.pw_gid == gid and user.pw_uid != ROOT]
    if not users:
        try:
            members = grp.getgrgid(gid).gr_mem
        except KeyError:
            members = []
        users = [user for user in pwd.getpwall() if user.pw_name in members and user.pw_uid != ROOT]
    return _account(users[0]) if users else Account(NOBODY, gid, (gid,))


def _account(user: pwd.struct_passwd) -> Account:
    return Account(user.pw_uid, user.pw_gid, tuple(os.getgrouplist(user.pw_name, user.pw_gid)))
