"""Checks everything that a gate needs, and says what is wrong and how to fix it.

Collectors only read; they never move anything. Rules are pure functions of the collected facts.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.doctor.bundle.archive import BundleMaterial, BundleRequest, bundle_file_name, pack_bundle
    from agent.doctor.bundle.contents import service_log
    from agent.doctor.check_runner import CheckRunner, Task
    from agent.doctor.check_table import TaskDependencies, common_tasks, free_device_tasks, tasks_without_settings
    from agent.doctor.codes import DiagnosticCheck, Severity
    from agent.doctor.collectors.files import tls_facts
    from agent.doctor.collectors.remote import lists_facts
    from agent.doctor.collectors.user import agent_user
    from agent.doctor.diagnostics import Diagnostics, DiagnosticsDependencies
    from agent.doctor.facts import CertificateFacts, ClockFacts, ListsFacts
    from agent.doctor.finding import DiagnosticReport, Finding
    from agent.doctor.health_message import health_of_the_doctor, health_payload
    from agent.doctor.report import report_as_json, report_from_json, report_lines
    from agent.doctor.texts import check_title
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "BundleMaterial",
    "BundleRequest",
    "CertificateFacts",
    "CheckRunner",
    "ClockFacts",
    "DiagnosticCheck",
    "DiagnosticReport",
    "Diagnostics",
    "DiagnosticsDependencies",
    "Finding",
    "ListsFacts",
    "Severity",
    "Task",
    "TaskDependencies",
    "agent_user",
    "bundle_file_name",
    "check_title",
    "common_tasks",
    "free_device_tasks",
    "health_of_the_doctor",
    "health_payload",
    "lists_facts",
    "pack_bundle",
    "report_as_json",
    "report_from_json",
    "report_lines",
    "service_log",
    "tasks_without_settings",
    "tls_facts",
]
