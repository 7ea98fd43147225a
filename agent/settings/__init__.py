"""The configuration of the agent: which settings exist, and where their values come from.

May read and replace the configuration files, and read the environment. Knows a driver only by its model name, and loads
it through the registry.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.settings.editing.anchor_lock import anchors_among, check_anchors_untouched
    from agent.settings.editing.anchor_text import anchors_text
    from agent.settings.editing.change_and_undo import note_present, replace_text, set_value, undo
    from agent.settings.editing.edits import ConfigEditor, Edit, edited
    from agent.settings.editing.history import EditStep, Generation, History, HistoryError, present_files
    from agent.settings.editing.last_known_good import (
        VARIABLE,
        UsableConfiguration,
        last_good,
        on_disk,
        state_directory,
        usable,
    )
    from agent.settings.editing.new_file import new_file_text
    from agent.settings.editing.proposal import (
        Difference,
        StaleError,
        check_seen,
        differences,
        judged,
        put_files,
        seen_state,
    )
    from agent.settings.editing.provenance import generation_of, made_by
    from agent.settings.editing.recorded_changes import recorded_changes
    from agent.settings.editing.secret_mask import masked_text, restored_text, restored_value
    from agent.settings.editing.step_words import BY_HAND, step_text
    from agent.settings.loading.anchor_file import (
        AnchorFile,
        AnchorsUnusableError,
        anchors_folder,
        ca_files,
        read_anchors,
    )
    from agent.settings.loading.fleet_file import FILES as FLEET_FILES
    from agent.settings.loading.fleet_file import FOLDER as FLEET_FOLDER
    from agent.settings.loading.fleet_file import FleetUnreadableError, read_held_fleet
    from agent.settings.loading.fleet_layer import FleetLayers, LocalDifference, anchor_fleet_keys, fleet_key
    from agent.settings.loading.load import LoadedSettings, digest, load, public, schema_of
    from agent.settings.loading.origin import KeyOrigin, key_origins
    from agent.settings.model.agent import (
        EXAMPLE_ROOT_KEY,
        ClockRules,
        CommandKey,
        Commands,
        Console,
        Enrolment,
        Evidence,
        Fleet,
        Gate,
        Journal,
        Log,
        Mqtt,
        Permits,
        Privacy,
        Settings,
        Site,
        State,
        Uploads,
    )
    from agent.settings.model.anchors import AnchorValueError, anchors_of, changed_anchors, tables_of
    from agent.settings.model.devices import DriverModels, Family, device_tables, driver_models
    from agent.settings.model.json_schema import schema_text
    from agent.settings.model.key_lookup import Schema, choices, expected
    from agent.settings.model.lane import (
        BarrierWiring,
        Camera,
        Device,
        DriverPage,
        Lane,
        Scanner,
        Sign,
        SignalWiring,
        Timing,
        Voice,
        Witness,
    )
    from agent.settings.model.lane_relations import interlocks, shared_arms
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.model.values import broker_address
    from agent.settings.rules.driver_page import screen_token
    from agent.settings.rules.ports import board_place
    from agent.settings.toml.change import ChangeError
    from agent.settings.toml.files import LARGEST_BYTES, read_file, replace_file
    from agent.settings.toml.includes import Document, dotted, read
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.keypath import key_path
    from agent.settings.toml.problems import Problem, SettingsError, nearest
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "BY_HAND",
    "EXAMPLE_ROOT_KEY",
    "FLEET_FILES",
    "FLEET_FOLDER",
    "LARGEST_BYTES",
    "VARIABLE",
    "AnchorFile",
    "AnchorValueError",
    "AnchorsUnusableError",
    "BarrierWiring",
    "Camera",
    "ChangeError",
    "ClockRules",
    "CommandKey",
    "Commands",
    "ConfigEditor",
    "Console",
    "Device",
    "Difference",
    "Document",
    "DriverModels",
    "DriverPage",
    "Edit",
    "EditStep",
    "Enrolment",
    "Evidence",
    "Family",
    "Fleet",
    "FleetLayers",
    "FleetUnreadableError",
    "Gate",
    "Generation",
    "History",
    "HistoryError",
    "Journal",
    "KeyOrigin",
    "Lane",
    "LoadedSettings",
    "LocalDifference",
    "Log",
    "Mqtt",
    "Path",
    "Permits",
    "Privacy",
    "Problem",
    "PydanticProblems",
    "Scanner",
    "Schema",
    "Settings",
    "SettingsError",
    "Sign",
    "SignalWiring",
    "Site",
    "StaleError",
    "State",
    "Timing",
    "Uploads",
    "UsableConfiguration",
    "Voice",
    "Witness",
    "anchor_fleet_keys",
    "anchors_among",
    "anchors_folder",
    "anchors_of",
    "anchors_text",
    "board_place",
    "broker_address",
    "ca_files",
    "changed_anchors",
    "check_anchors_untouched",
    "check_seen",
    "choices",
    "device_tables",
    "differences",
    "digest",
    "dotted",
    "driver_models",
    "edited",
    "expected",
    "fleet_key",
    "generation_of",
    "interlocks",
    "judged",
    "key_origins",
    "key_path",
    "last_good",
    "load",
    "made_by",
    "masked_text",
    "nearest",
    "new_file_text",
    "note_present",
    "on_disk",
    "present_files",
    "public",
    "put_files",
    "read",
    "read_anchors",
    "read_file",
    "read_held_fleet",
    "recorded_changes",
    "replace_file",
    "replace_text",
    "restored_text",
    "restored_value",
    "schema_of",
    "schema_text",
    "screen_token",
    "seen_state",
    "set_value",
    "shared_arms",
    "state_directory",
    "step_text",
    "tables_of",
    "undo",
    "usable",
]
