"""All texts that people read, in four languages: one gettext catalogue a language (`zh.po`, `ru.po`, `kk.po`), one lookup.

English is the message id, as gettext has it: a `drivers.text.Text` stands where it is said, and `translate` says it in a
reader's language. `make texts` gathers the messages of the sources into `messages.pot` and the catalogues.
"""

from agent.i18n.language import Language
from agent.i18n.lookup import translate

__all__ = ["Language", "translate"]
