"""Whether the configuration is usable with other trust anchors: asked before they are the gate's own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agent.settings import AnchorFile, ca_files
from agent.settings.configuration_loading import load_configuration

if TYPE_CHECKING:
    from agent.core.anchors import HeldAnchors
    from agent.settings import LoadedSettings


def check_usable(main: Path, held: HeldAnchors) -> LoadedSettings:
    """Load the configuration as it would be with these anchors. Raises SettingsError with all that is wrong."""
    with tempfile.TemporaryDirectory(prefix="gate-anchors-") as name:
        folder = Path(name)
        for file, data in ca_files(held).values():
            (folder / file).write_bytes(data)
        return load_configuration(main, anchors=AnchorFile(folder, held))
