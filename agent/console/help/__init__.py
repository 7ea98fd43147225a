"""Help in the console: the product's pages, read from disk, sanitised, and searched without a network.

May read only the folder of pages. The console's page `help` shows the result.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.console.help.library import HelpLibrary, HelpPage, PageUnknownError
    from agent.console.help.search import Found
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["Found", "HelpLibrary", "HelpPage", "PageUnknownError"]
