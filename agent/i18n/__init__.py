"""All texts for people, in four languages: one gettext catalogue for each language, and one lookup function.

The English text is the message id. Code writes it as a `drivers.text.Text`, and `translate` returns it in the reader's
language. `make texts` collects the messages into `messages.pot`, `zh.po`, `ru.po` and `kk.po`. May read its own files.
Imports only the core and `drivers.text`. The face exports only the lookup, because the configuration loads it. The
tables of words load the event types, so import each of them by its module.
"""

from agent.i18n.language import Language
from agent.i18n.lookup import translate

__all__ = ["Language", "translate"]
