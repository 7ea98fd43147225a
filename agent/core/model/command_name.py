"""The names of the commands that central can send."""

from enum import StrEnum


class CommandName(StrEnum):
    """What central may order; the last part of the topic `cmd/{name}`. Those of `LANE_COMMANDS` name a lane."""

    OPEN = "open"
    HOLD = "hold"
    RELEASE = "release"
    CLOSE = "close"
    LOCK = "lock"
    UNLOCK = "unlock"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    DISPLAY = "display"
    REPLAY = "replay"
    SEND_EVIDENCE = "send_evidence"
    SNAPSHOT = "snapshot"
    RELOAD_LISTS = "reload_lists"
    SET_LOG_LEVEL = "set_log_level"
    REBIRTH = "rebirth"
    SEND_BUNDLE = "send_bundle"
    UPLOAD_GRANT = "upload_grant"
    ERASE = "erase"
