"""Words for people in records and in messages between processes: in English, and the message they were made of.

Imports no other room and touches nothing: a vision worker loads it without the events.
"""

from agent.core.detail.translatable_detail import Detail, DetailMessage, Message, WithDetail, message_of

__all__ = ["Detail", "DetailMessage", "Message", "WithDetail", "message_of"]
