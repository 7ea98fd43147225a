"""The setup of a gate: the steps and their texts, the progress of each step, and the validation of answers.

The terminal and the browser ask the questions, and both use this package. Keeps one small file in the state directory.
Opens no device and moves nothing.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.setup.answers import (
        AnswerError,
        AnswerSheet,
        check_camera_address,
        checked_lane_name,
        judged_answer,
    )
    from agent.setup.enrolment import (
        ENROLMENT_ERRORS,
        STAGES,
        TypedServer,
        grouped,
        refusal_advice,
        refusal_words,
    )
    from agent.setup.gate_place import GatePlace
    from agent.setup.input_detection import InputTrace, began_again, changed, traced, used
    from agent.setup.practice import (
        PRACTICE,
        PlateError,
        PracticePermit,
        code_png,
        is_practice,
        permit_file,
        practice_permit,
    )
    from agent.setup.progress import (
        EXAMPLE_GATE,
        SetupFacts,
        SetupStep,
        StepCode,
        StepProgress,
        after,
        before,
        first_open,
        observed,
        outputs_of,
        steps,
    )
    from agent.setup.setup_record import Note, SetupRecord, SetupRecordError
    from agent.setup.words import ABSENT, ADVICE, CONSEQUENCES, INTROS, PROGRESS, SIGNALS, TITLES, USES
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "ABSENT",
    "ADVICE",
    "CONSEQUENCES",
    "ENROLMENT_ERRORS",
    "EXAMPLE_GATE",
    "INTROS",
    "PRACTICE",
    "PROGRESS",
    "SIGNALS",
    "STAGES",
    "TITLES",
    "USES",
    "AnswerError",
    "AnswerSheet",
    "GatePlace",
    "InputTrace",
    "Note",
    "PlateError",
    "PracticePermit",
    "SetupFacts",
    "SetupRecord",
    "SetupRecordError",
    "SetupStep",
    "StepCode",
    "StepProgress",
    "TypedServer",
    "after",
    "before",
    "began_again",
    "changed",
    "check_camera_address",
    "checked_lane_name",
    "code_png",
    "first_open",
    "grouped",
    "is_practice",
    "judged_answer",
    "observed",
    "outputs_of",
    "permit_file",
    "practice_permit",
    "refusal_advice",
    "refusal_words",
    "steps",
    "traced",
    "used",
]
