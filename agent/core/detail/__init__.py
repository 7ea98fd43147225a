"""Texts for people in records and in messages between processes: the English text and its message id.

Imports no other package of the core. Reads and writes nothing. A vision worker can load it without the events.
"""

from agent.core.detail.translatable_detail import Detail, DetailMessage, Message, WithDetail, detail_message, message_of

__all__ = ["Detail", "DetailMessage", "Message", "WithDetail", "detail_message", "message_of"]
