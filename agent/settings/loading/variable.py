"""One variable of the environment, or one credential by the name of its variable, as a layer of the configuration."""

from __future__ import annotations

from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as NoJsonError

from agent.settings.model.agent import Settings

__all__ = ["NoJsonError", "layer_of"]


class _Variables(Settings, BaseSettings):
    """The settings, and how variables name them."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")


class _OneVariable(EnvSettingsSource):
    """Reads a single variable, so that an error is known to be its own."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(_Variables)
        self.env_vars = {name.lower(): value}


def layer_of(name: str, value: str) -> dict[str, Any]:
    """What the variable sets, as a tree of tables; empty where its value is no JSON of the table that it names.

    `name`: without GATE_, such as MQTT__KEEPALIVE_S. Raises NoJsonError for a list or table that is no JSON.
    """
    return _OneVariable(name, value)()
