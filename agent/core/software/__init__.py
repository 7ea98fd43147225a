"""Software documents: which package a gate must run, whether this machine may install it, and the stages of an update.

Takes values and returns values. `agent.software` downloads, verifies and installs.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.software.debian_version import compare_versions, is_version
    from agent.core.software.judgement import ChosenPackage, Machine, check_versions, chosen_package
    from agent.core.software.order import PackageOrder, SoftwareOrder, package_version, parsed_order
    from agent.core.software.repository_index import (
        IndexedFile,
        ListedPackage,
        RepositoryIndexError,
        listed_packages,
        release_files,
    )
    from agent.core.software.requests import (
        REQUEST_LIMIT_BYTES,
        BeginRequest,
        SoftwareAnswer,
        SoftwareRequestError,
        WordRequest,
        answer_bytes,
        parsed_answer,
        parsed_request,
        request_bytes,
    )
    from agent.core.software.update_stages import (
        MOST_ATTEMPTS,
        TrialSigns,
        UpdateOutcome,
        UpdateRecord,
        UpdateStage,
        after_stage,
        entered,
        judged_signs,
        may_configure,
        overtaken,
    )
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "MOST_ATTEMPTS",
    "REQUEST_LIMIT_BYTES",
    "BeginRequest",
    "ChosenPackage",
    "IndexedFile",
    "ListedPackage",
    "Machine",
    "PackageOrder",
    "RepositoryIndexError",
    "SoftwareAnswer",
    "SoftwareOrder",
    "SoftwareRequestError",
    "TrialSigns",
    "UpdateOutcome",
    "UpdateRecord",
    "UpdateStage",
    "WordRequest",
    "after_stage",
    "answer_bytes",
    "check_versions",
    "chosen_package",
    "compare_versions",
    "entered",
    "is_version",
    "judged_signs",
    "listed_packages",
    "may_configure",
    "overtaken",
    "package_version",
    "parsed_answer",
    "parsed_order",
    "parsed_request",
    "release_files",
    "request_bytes",
]
