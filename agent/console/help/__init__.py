"""Help inside the console: the product's pages, read from the disk, made safe, and searched without a network.

May read the folder of pages and nothing else; the console's page `help` shows what it gives.
"""

from typing import TYPE_CHECKING

from agent.core.face import lazy_face

if TYPE_CHECKING:
    from agent.console.help.library import HelpLibrary, HelpPage, PageUnknownError
    from agent.console.help.search import Found
else:
    __getattr__ = lazy_face(__name__)

__all__ = ["Found", "HelpLibrary", "HelpPage", "PageUnknownError"]
