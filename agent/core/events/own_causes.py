"""The gate's own reasons for an action, as the field `cause` of its events gives them."""

from __future__ import annotations

from enum import Enum, unique

from drivers.text import Text


@unique
class OwnCause(Enum):
    """A cause that no officer wrote.

    The field holds the English words alone, without the message that they were made of: who shows them in another
    language finds it among these.
    """

    NOT_STARTED = Text("the agent could not start")
    NEW_CONFIGURATION = Text("a new configuration")
    JOURNAL_DAMAGED = Text("journal damaged")
    THREAD_FAILED = Text("a fault in the thread {name}")
    CONTACT_ON = Text("contact on")
    CONTACT_OFF = Text("contact off")
    STILL_HELD = Text("still on after {operator}: {cause}")
    PICTURES_FULL = Text("all pictures were more than {max_mb} MB")
    USE_OVER = Text("{days} days after the use")
    ENTRY_OVER = Text("{hours} hours after its end")
    ORDERS_LOST = Text("its orders may be lost")
    ORDER_KEPT = Text("it was in the head file")
    PICTURES_OVER = Text("older than pictures of their outcome are kept")
    VALUES_OVER = Text("{days} days after their events")
