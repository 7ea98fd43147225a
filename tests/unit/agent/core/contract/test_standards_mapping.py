"""Others' words for what the gate says: nothing that it can say is left out, and granted, taken and not taken stay
apart.
"""

import re

import pytest

from agent.core.contract import examples, standards_mapping
from agent.core.contract.standards_mapping import ALARMS, COMMAND, CUSTOMS, EVENTS, GATHER, OUTCOMES, REASONS, VERDICTS
from agent.core.events.event_types import TYPES, Alarm
from agent.core.lane.event_drafts import transaction_id
from agent.core.model import Outcome
from agent.core.model.reasons import Reason, Verdict

TABLES = {
    "events": (EVENTS, [event.TYPE for event in TYPES]),
    "outcomes": (OUTCOMES, Outcome),
    "alarms": (ALARMS, Alarm),
    "reasons": (REASONS, Reason),
    "verdicts": (VERDICTS, Verdict),
}
ROWS = [(name, key, one) for name, (table, _) in TABLES.items() for key, one in table.items()]
TOPIC = re.compile(
    r"tns1:(AccessControl/(AccessGranted|AccessTaken|AccessNotTaken|Denied)/(Credential|Anonymous)"
    r"|AccessControl/Denied/CredentialNotFound/Card|AccessPoint/State/Enabled"
    r"|Door/State/(DoorMode|DoorPhysicalState|DoorAlarm|DoorFault|DoorTamper))"
)
NUMBERED = re.compile(r"[a-z-]+ \(\d+\)")


@pytest.mark.parametrize("name", TABLES)
def test_everything_that_can_be_said_has_its_row(name):
    table, said = TABLES[name]
    assert list(table) == list(said)


@pytest.mark.parametrize(("table", "key", "one"), ROWS)
def test_a_row_names_a_counterpart_or_says_why_there_is_none(table, key, one):
    assert one.note or (one.onvif and one.bacnet)
    assert one.onvif is None or TOPIC.fullmatch(one.onvif)
    by_reason = key in {Verdict.DENY, Outcome.DENIED}
    assert one.bacnet is None or by_reason or all(NUMBERED.fullmatch(part) for part in one.bacnet.split(", "))


def test_granted_taken_and_not_taken_are_told_apart():
    granted = EVENTS["access.granted"]
    taken = [OUTCOMES[one] for one in (Outcome.PASSED, Outcome.PASSED_WITH_VIOLATION)]
    left = [OUTCOMES[one] for one in (Outcome.NOT_TAKEN, Outcome.BACKED_OUT)]
    assert granted.onvif.split("/")[1] == "AccessGranted"
    assert {one.onvif.split("/")[1] for one in taken} == {"AccessTaken"}
    assert {one.onvif.split("/")[1] for one in left} == {"AccessNotTaken"}
    assert granted.bacnet == "granted (1)"
    assert {one.bacnet for one in left} == {"no-entry-after-granted (16)"}
    assert OUTCOMES[Outcome.ABANDONED].onvif is None
    assert OUTCOMES[Outcome.DENIED].onvif == VERDICTS[Verdict.DENY].onvif
    assert "once" in OUTCOMES[Outcome.DENIED].note, "a denial is not told twice"


def test_every_denial_has_a_topic_and_a_code_and_a_grant_has_none():
    assert REASONS[Reason.OK].onvif is REASONS[Reason.OK].bacnet is None
    for reason in set(Reason) - {Reason.OK}:
        assert REASONS[reason].onvif.startswith("tns1:AccessControl/Denied/")
        assert REASONS[reason].bacnet.startswith("denied-")


def test_no_credential_is_named_before_a_permit_is_proven():
    order = list(Reason)
    proven = order.index(Reason.CLOCK_UNTRUSTED)
    for reason in order[1:proven]:
        assert REASONS[reason].onvif != "tns1:AccessControl/Denied/Credential"


def test_the_check_result_of_customs_has_twenty_digits():
    results = [VERDICTS[one].customs.split()[1] for one in (Verdict.PASS, Verdict.DENY)]
    assert results == ["0" * 20, "11" + "0" * 18]


def test_both_customs_messages_are_mapped_field_by_field_once():
    elements = [(one.message, one.element) for one in CUSTOMS]
    assert len(set(elements)) == len(elements)
    assert {message for message, _ in elements} == {GATHER, COMMAND}
    assert {"AREA_ID", "CHNL_NO", "I_E_TYPE", "SEQ_NO"} <= {
        element for message, element in elements if message == GATHER
    }
    assert {"SEQ_NO", "CHECK_RESULT"} <= {element for message, element in elements if message == COMMAND}
    assert all(one.ours or one.note for one in CUSTOMS)


def test_a_transaction_id_is_a_seq_no_as_it_is():
    made = transaction_id(1_795_508_115.4, 7, 42)
    assert standards_mapping.seq_no(made) == made == "20261124081515070042"
    assert standards_mapping.seq_no(examples.TRANSACTION) == examples.TRANSACTION


@pytest.mark.parametrize(
    "text", ["", "2026112408151507004", "202611240815150700421", "2026112408151507004x", "\uff12" * 20]
)
def test_what_is_no_transaction_id_is_no_seq_no(text):
    with pytest.raises(ValueError, match="no transaction id of 20 digits"):
        standards_mapping.seq_no(text)
