"""The forms of the steps: which keys of the configuration a step asks for, and what a sent form would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agent.settings import Edit, dotted, schema_of
from agent.settings.toml.plain_value import toml
from agent.setup import AnswerError, StepCode, check_camera_address, judged_answer
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import ConfigEditor, Document, Path

MOST_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class StepField:
    """One question of a step. `name`: of the form's field. `kind`: text, number, choice, switch or list.

    `options`: code and words of a choice. `optional`: it may be empty, which takes the key away.
    """

    name: str
    path: Path
    label: Text
    kind: str = "text"
    help: Text | None = None
    optional: bool = False
    options: tuple[tuple[str, Text], ...] = ()

    @property
    def key(self) -> str:
        """The key in the configuration, as people write it."""
        return dotted(self.path)


def fields(code: StepCode, lane: str) -> tuple[StepField, ...]:
    """The questions of a step that are keys of the configuration."""
    barrier = ("lanes", lane, "barrier")
    match code:
        case StepCode.GATE:
            return (
                StepField(
                    "gate",
                    ("gate", "id"),
                    Text("Name of the gate"),
                    help=Text("Letters, digits, - and _, as central knows it."),
                ),
                StepField("site", ("gate", "site"), Text("Number of the site"), "number", Text("As permits name it.")),
                StepField(
                    "number",
                    ("lanes", lane, "number"),
                    Text("Number of the lane"),
                    "number",
                    Text("As permits name it."),
                ),
                StepField(
                    "direction",
                    ("lanes", lane, "direction"),
                    Text("In which direction do vehicles pass?"),
                    "choice",
                    options=(
                        ("export", Text("export: out of the country")),
                        ("import", Text("import: into the country")),
                    ),
                ),
            )
        case StepCode.NETWORK:
            return (StepField("listen", ("console", "listen"), Text("Addresses of the console"), "list"),)
        case StepCode.OUTPUTS:
            return (
                StepField(
                    "red", (*barrier, "red_channel"), Text("Relay of the red lamp"), "number", _NONE, optional=True
                ),
                StepField(
                    "green",
                    (*barrier, "green_channel"),
                    Text("Relay of the green lamp"),
                    "number",
                    _NONE,
                    optional=True,
                ),
            )
        case StepCode.TRUST:
            return (
                StepField(
                    "root_keys",
                    ("permits", "root_keys"),
                    Text("Root key of the issuer"),
                    help=Text(
                        "64 hexadecimal digits. While the issuer changes its key: two keys, separated by a comma."
                    ),
                ),
            )
        case StepCode.CENTRAL:
            return (
                StepField(
                    "brokers",
                    ("mqtt", "brokers"),
                    Text("Addresses of the brokers"),
                    help=Text(
                        "Such as mqtts://broker.example:8883. Separate several addresses by commas. Empty: no broker."
                    ),
                    optional=True,
                ),
                StepField("username", ("mqtt", "username"), Text("User name at the broker"), help=_NONE, optional=True),
            )
        case _:
            return ()


_NONE: Final = Text("Leave it empty if there is none.")


@dataclass(frozen=True, slots=True)
class SentStep:
    """What a sent form comes to. `edits`: of the configuration; `errors`: what is wrong, by the form's fields."""

    edits: tuple[Edit, ...]
    errors: Mapping[str, Text]


def sent_step(code: StepCode, lane: str, sent: Mapping[str, str], editor: ConfigEditor, document: Document) -> SentStep:
    """Judge the sent values of a step: all that is wrong, and the edits of those keys that would be another."""
    schema = schema_of(document, editor.models)
    edits: list[Edit] = []
    errors: dict[str, Text] = {}
    for one in fields(code, lane):
        given, before = sent.get(one.name, "").strip(), value_at(document, one.path)
        if not given and one.optional:
            if before is not None:
                edits.append(Edit("remove", one.path))
            continue
        try:
            value = judged_answer(schema, one.path, given)
        except AnswerError as error:
            errors[one.name] = error.text
            continue
        if value != before:
            edits.append(Edit("set", one.path, toml(value)))
    if code is StepCode.CENTRAL and not errors:
        on = bool(sent.get("brokers", "").strip())
        if on != bool(value_at(document, ("mqtt", "enabled"))):
            edits.append(Edit("set", ("mqtt", "enabled"), toml(on)))
    return SentStep(tuple(edits), errors)


def board_edits(lane: str, document: Document, relay: Mapping[str, Any], channel: int) -> tuple[Edit, ...]:
    """Put another relay board in the place of the one that a lane has, and take simulated inputs away with it."""
    path = ("lanes", lane)
    found = value_at(document, path) or {}
    edits = [Edit("remove", (*path, "relay")), Edit("add", (*path, "relay"), values=dict(relay))]
    if (found.get("inputs") or {}).get("kind") == "simulated" or (found.get("inputs") or {}).get("port") != relay.get(
        "port"
    ):
        edits += [Edit("remove", (*path, key)) for key in ("inputs", "signals") if key in found]
    if (found.get("barrier") or {}).get("open_channel", 1) != channel:
        edits.append(Edit("set", (*path, "barrier", "open_channel"), toml(channel)))
    return tuple(edits)


def input_edits(
    lane: str, document: Document, table: Mapping[str, Any], numbers: Mapping[str, int], inverted: tuple[int, ...]
) -> tuple[Edit, ...]:
    """Wire the inputs of a lane: which input is which signal, and which are on at rest. No number: no inputs at all."""
    path = ("lanes", lane)
    found = value_at(document, path) or {}
    edits = [Edit("remove", (*path, key)) for key in ("inputs", "signals") if key in found]
    if not numbers:
        return tuple(edits)
    other = {key: found.get("signals", {})[key] for key in _KEPT if key in found.get("signals", {})}
    values = {**numbers, **({"inverted": list(inverted)} if inverted else {}), **other}
    return (
        *edits,
        Edit("add", (*path, "inputs"), values=dict(table)),
        Edit("add", (*path, "signals"), values=values),
    )


_KEPT: Final = ("debounce_ms", "poll_hz")


def camera_edits(lane: str, document: Document, camera: str, url: str, second_url: str = "") -> tuple[Edit, ...]:
    """Put a camera into a lane, in the place of the one of the same name and of simulated ones.

    `second_url`: a smaller stream of it, for while nobody is there; "": none.

    Raises:
        AnswerError: the address is none.
    """
    check_camera_address(url)
    path = ("lanes", lane, "cameras")
    before = value_at(document, path) or []
    gone = [number for number, one in enumerate(before) if one.get("kind") == "simulated" or one.get("id") == camera]
    same: Mapping[str, Any] = next(
        (one for one in before if one.get("id") == camera and one.get("kind") != "simulated"), {}
    )
    kept = {key: value for key, value in same.items() if key in {"readers", "zone"}}
    second = {"second_url": second_url} if second_url else {}
    added = Edit(
        "add", (*path, len(before) - len(gone)), values={"id": camera, "kind": "opencv", "url": url, **second, **kept}
    )
    return (*(Edit("remove", (*path, number)) for number in gone), added)


def trust_edits(
    document: Document, roots: tuple[str, ...], trust_file: str | None, require: tuple[str, ...]
) -> tuple[Edit, ...]:
    """Whose permits are accepted. `trust_file`: None: the list comes over MQTT. `require`: the lists to wait for."""
    wanted: dict[Path, Any] = {
        ("permits", "root_keys"): list(roots),
        ("permits", "trust_list"): trust_file,
        ("lists", "require"): list(require),
    }
    return tuple(
        Edit("remove", path) if value is None else Edit("set", path, toml(value))
        for path, value in wanted.items()
        if value_at(document, path) != value
    )


def value_at(document: Document, path: Path) -> Any:
    """What the files say at a path; None where they say nothing."""
    table: Any = document.data
    for part in path:
        try:
            table = table[part]
        except (KeyError, IndexError, TypeError):
            return None
    return table
