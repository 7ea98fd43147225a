"""The broker of the central system, and the certificate by which the gate is known there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from agent.clock import Clock
from agent.enrolment import (
    Endpoint,
    EnrolmentPlan,
    EstClient,
    ServerTrust,
    common_name,
    digest_of,
    enrol,
)
from agent.settings import anchors_folder, read_anchors
from agent.setup import (
    CONSEQUENCES,
    ENROLMENT_ERRORS,
    STAGES,
    AnswerError,
    GatePlace,
    StepCode,
    TypedServer,
    grouped,
    refusal_advice,
    refusal_words,
)
from drivers.text import Text

if TYPE_CHECKING:
    from cryptography import x509

    from agent.cli.setup.interview import Interview
    from agent.cli.setup.lane_draft import LaneDraft

MQTT: Final = ("mqtt",)
NONE_OF_THEM: Final = Text("none of them: stop")


def connect_central(interview: Interview, lane: LaneDraft) -> None:
    """Ask for the broker and the certificates, or get the certificate by an enrolment."""
    sheet = interview.sheet
    on = bool(sheet.before((*MQTT, "enabled")))
    sheet.set_value((*MQTT, "enabled"), interview.confirm(Text("Report to a central broker?"), default=on))
    if not sheet.values["mqtt"]["enabled"]:
        interview.say(CONSEQUENCES[StepCode.CENTRAL], 2)
        return
    brokers: tuple[str, ...] | None = None
    if interview.confirm(Text("Get the certificate with a code or a token of the central system?"), default=False):
        brokers = _enrolled(interview, lane)
    question = Text("Its addresses (mqtts://broker.example:8883), separated by commas")
    interview.value((*MQTT, "brokers"), question, list(brokers) if brokers else None)
    if brokers is None and any(url.startswith("mqtts:") for url in sheet.values["mqtt"]["brokers"]):
        _name_files(interview)
    if interview.value((*MQTT, "username"), Text("User name at the broker; empty: none"), optional=True):
        interview.say(
            Text("Its password goes into /etc/credstore/gate-agent.mqtt.password, which only root can read."), 2
        )


def _name_files(interview: Interview) -> None:
    """Ask for the files of certificates that are there."""
    question = Text("File of the CA certificate for the broker; empty: the certificates of the system")
    interview.value((*MQTT, "ca_file"), question, optional=True)
    question = Text("File of the gate's own certificate; empty: none")
    if interview.value((*MQTT, "certificate_file"), question, optional=True):
        interview.value((*MQTT, "key_file"), Text("File of its private key"))


def _enrolled(interview: Interview, lane: LaneDraft) -> tuple[str, ...] | None:
    """Enrol the gate, and put down its files: the brokers that the server names; None: it is not enrolled."""
    sheet = interview.sheet
    tables = {name: sheet.before((name,)) or {} for name in ("mqtt", "enrolment")}
    place = GatePlace.of_data(lane.configuration, tables | {"gate": sheet.values["gate"]})
    locked = read_anchors(anchors_folder(lane.configuration)) is not None
    folder = str(place.files.pair.key_file.parent)
    interview.say(Text("Key and certificate are written into {folder} at once.", folder=folder), 2)
    while True:
        typed = _typed(interview)
        try:
            brokers = _asked(interview, place, typed)
        except ENROLMENT_ERRORS as error:
            interview.say(Text("{words}", words=refusal_words(error)), 2)
            interview.say(refusal_advice(error), 2)
            brokers = None
        if brokers is not None:
            for path, value in place.wanted(typed.url, (), locked=locked).items():
                sheet.set_value(path, value)
            return brokers
        if not interview.confirm(Text("Try again?"), default=True):
            return None


def _typed(interview: Interview) -> TypedServer:
    """Ask for a code, or for an address and a token."""
    known = interview.sheet.before(("enrolment", "url"))
    while True:
        try:
            typed = TypedServer.of(interview.ask(Text("Code, or address of the server"), known))
        except AnswerError as error:
            interview.say(Text("Invalid: {why}", why=error.text), 2)
            continue
        if typed.token:
            return typed
        token = str(typer.prompt(interview.words(Text("Token")), hide_input=True)).strip()
        if token.isascii() and token.isprintable():
            return TypedServer(typed.url, token)
        interview.say(Text("Enter the token."), 2)


def _asked(interview: Interview, place: GatePlace, typed: TypedServer) -> tuple[str, ...] | None:
    """Get the certificate; None where nobody vouches for the server. Raises what an enrolment raises."""
    client = EstClient(Endpoint.parse(typed.url))
    interview.say(Text("asking {server} ...", server=typed.url), 2)
    found = client.authorities(None)
    fingerprint = typed.fingerprint
    if fingerprint is None:
        interview.say(Text("Compare with the fingerprint that the central system gave you"))
        shown: dict[str, x509.Certificate] = {}
        for one in found:
            shown[Text("{name}: {fingerprint}", name=common_name(one), fingerprint=grouped(digest_of(one)))] = one
        chosen = interview.pick(Text("Which fingerprint is the same?"), [*shown, NONE_OF_THEM])
        if chosen == NONE_OF_THEM:
            return None
        fingerprint = digest_of(shown[chosen])
    else:
        ServerTrust.of_fingerprint(fingerprint, found)
    plan = EnrolmentPlan(place.gate, typed.token, fingerprint, None)
    outcome = enrol(plan, client, place.files, Clock().now().utc, lambda stage: interview.say(STAGES[stage], 2))
    ends = f"{outcome.certificate.not_valid_after_utc:%Y-%m-%d}"
    interview.say(Text("The gate has its certificate. It is valid until {date}.", date=ends), 2)
    return outcome.brokers
