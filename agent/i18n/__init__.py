"""All texts that people read, in four languages: one gettext catalogue a language, one lookup.

English is the message id, as gettext has it: a `drivers.text.Text` is where the text is used, and `translate` gives it
in a reader's language. `make texts` gathers the messages of the sources into `messages.pot` and `zh.po`, `ru.po`,
`kk.po`. It knows the core and `drivers.text`, and reads its own files. Its face is the lookup alone, which the
configuration needs: the tables of words know the events, and each is open by its own name.
"""

from agent.i18n.language import Language
from agent.i18n.lookup import translate

__all__ = ["Language", "translate"]
