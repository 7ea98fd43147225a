"""Edits of the configuration leave trust anchors alone: once a gate has its own, they are changed in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.anchors import is_anchor
from agent.settings.toml.change import ChangeError
from agent.settings.toml.files import read_file
from agent.settings.toml.keypath import key_path
from agent.settings.toml.problems import SettingsError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.settings.editing.edits import ConfigEditor
    from agent.settings.loading.load import LoadedSettings


def check_anchors_untouched(editor: ConfigEditor, loaded: LoadedSettings) -> None:
    """Raise ChangeError where files as they would be name other trust anchors than the gate's, and those of now do not.

    What they say would not count; who edits them must not believe that it does.
    """
    new = set(loaded.overruled) - set(_present(editor))
    if new and loaded.anchors is not None:
        raise ChangeError(
            Text(
                "{keys} is locked: it is a trust anchor, kept in {file}. Two people can change it "
                "together under Trust anchors, or a document from central can",
                keys=", ".join(sorted(new)),
                file=loaded.anchors.path,
            )
        )


def anchors_among(keys: Iterable[str]) -> tuple[str, ...]:
    """Those of the dotted keys that are trust anchors, or lie in one."""
    return tuple(key for key in keys if is_anchor(key_path(key)))


def _present(editor: ConfigEditor) -> tuple[str, ...]:
    try:
        return editor.load(read_file).overruled
    except SettingsError:  # what is there now cannot be used: then nothing of it is excused
        return ()
