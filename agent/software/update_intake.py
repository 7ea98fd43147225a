"""What is handed to root's helper, believed only as far as it is signed.

The agent hands in a signed document, and open files: descriptors, so that no path of the agent's user is ever followed.
Each is copied into a folder of root's first, and what was copied is checked and used.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from agent.core.fleet import (
    DocumentFault,
    DocumentKind,
    DocumentPlace,
    DocumentRefusedError,
    FleetRules,
    Floor,
    Scope,
    judged_document,
    proven,
)
from agent.core.software import UpdateRecord, chosen_package, parsed_order
from agent.settings import AnchorsUnusableError, anchor_fleet_keys, read_anchors
from agent.software.dpkg import DpkgError
from agent.software.repository_lists import LIST_LIMIT_BYTES, LISTS, PACKAGE_NAME, checked_listing
from agent.software.update_files import PACKAGE
from drivers.text import Text, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.core.fleet import SignedDocument
    from agent.core.software import BeginRequest, ChosenPackage, Machine
    from agent.software.dpkg import Dpkg
    from agent.software.update_files import UpdateFiles

FILES: Final = (PACKAGE, *LISTS)
"""What comes with a document, in this order."""
ROOM_BYTES: Final = 64 << 20


class UpdateIntake:
    """Judges what is handed in. `anchors`: the folder of trust anchors; `owner`: whose they must be.

    `machine`: this machine with a version installed; None: no package is for it. `utc`: Unix seconds.
    """

    def __init__(
        self,
        files: UpdateFiles,
        dpkg: Dpkg,
        machine: Callable[[str], Machine | None],
        trust: UpdateTrust,
        utc: Callable[[], float],
    ) -> None:
        self._files, self._dpkg, self._machine = files, dpkg, machine
        self._trust, self._utc = trust, utc

    def take(self, request: BeginRequest, handed: Sequence[int]) -> UpdateRecord | None:
        """Check, and keep what is to be installed; None: it is installed already.

        Raises DocumentRefusedError, and OSError where the disk fails. Nothing is under way then.
        """
        found = self._trust.proven(request.document)
        floors = self._files.floors()
        slot = self._trust.check(found, floors, self._utc())
        try:
            machine = self._machine(self._dpkg.installed())
        except DpkgError as error:
            raise DocumentRefusedError(DocumentFault.NOT_INSTALLED, Text.of(str(error))) from None
        if machine is None:
            raise DocumentRefusedError(DocumentFault.NOT_PACKAGED, Text("this computer does not run Debian"))
        order = parsed_order(found.document.text)
        chosen = chosen_package(order, machine)
        if chosen is None:
            return None
        self._copy(chosen, handed)
        # Only what is in order counts as seen: a file that was damaged on its way can be handed in again.
        self._files.keep_floors({**floors, slot: Floor(version=found.document.version, identity=found.identity)})
        document = found.document
        return UpdateRecord(
            identity=found.identity,
            version=chosen.version,
            before=machine.installed,
            connected=request.connected,
            rest_s=order.rest_s,
            trial_s=document.trial_s,
            steady_s=document.steady_s,
            window=order.window,
        )

    def _copy(self, chosen: ChosenPackage, handed: Sequence[int]) -> None:
        """Copy what is handed in, then check the copies. Raises DocumentRefusedError, OSError."""
        if len(handed) != len(FILES):
            raise DocumentRefusedError(DocumentFault.NOT_AUTHENTIC, Text("expected the package and its indexes"))
        self._check_room(chosen)
        folder = self._files.folder
        try:
            self._receive(chosen, handed)
            checked_listing(self._files.path, chosen, self._trust.keyring)
            self._check_fields(chosen, self._files.path / PACKAGE)
        except (DocumentRefusedError, OSError):
            self._files.clear()
            raise
        finally:
            for name in set(LISTS).intersection(folder.names()):
                folder.remove(name)

    def _receive(self, chosen: ChosenPackage, handed: Sequence[int]) -> None:
        limits = {PACKAGE: chosen.bytes, **dict.fromkeys(LISTS, LIST_LIMIT_BYTES)}
        copied = {}
        for name, source in zip(FILES, handed, strict=True):
            try:
                copied[name] = self._files.folder.receive(name, source, limits[name])
            except OSError as error:
                raise DocumentRefusedError(
                    DocumentFault.NOT_AUTHENTIC, Text("{name}: {why}", name=name, why=reason(error))
                ) from None
        if copied[PACKAGE] != (chosen.sha256, chosen.bytes):
            raise DocumentRefusedError(
                DocumentFault.NOT_AUTHENTIC, Text("the package is not the one that the document orders")
            )

    def _check_fields(self, chosen: ChosenPackage, file: Path) -> None:
        try:
            fields = self._dpkg.fields(file)
        except DpkgError as error:
            raise DocumentRefusedError(DocumentFault.NOT_AUTHENTIC, Text.of(str(error))) from None
        if fields != (PACKAGE_NAME, chosen.version, chosen.architecture):
            raise DocumentRefusedError(
                DocumentFault.NOT_AUTHENTIC, Text("the file holds another package than its name says")
            )

    def _check_room(self, chosen: ChosenPackage) -> None:
        """Room for the package, and for one like it of what is installed."""
        wanted = 2 * chosen.bytes + ROOM_BYTES
        free = shutil.disk_usage(self._files.path).free
        if free < wanted:
            raise DocumentRefusedError(
                DocumentFault.NO_ROOM,
                Text(
                    "{path} has {free_mb} MB free, and {wanted_mb} are needed",
                    path=self._files.path,
                    free_mb=free >> 20,
                    wanted_mb=wanted >> 20,
                ),
            )


class UpdateTrust:
    """Whom the helper believes: the keys of central in root's trust anchors, and the keyring of releases."""

    def __init__(self, anchors: Path, keyring: Path, owner: int = 0) -> None:
        self.keyring = keyring
        self._anchors, self._owner = anchors, owner

    def proven(self, signed: str) -> SignedDocument:
        """A document of software that a key of the anchors has signed. Raises DocumentRefusedError."""
        found = proven(signed, self._rules())
        if found.document.kind is not DocumentKind.SOFTWARE:
            raise DocumentRefusedError(DocumentFault.CONTENT_INVALID, Text("it is not a document of software"))
        return found

    def check(self, found: SignedDocument, floors: dict[str, Floor], utc: float) -> str:
        """Judge its gate, its times and its version; the slot in which its version counts. Raises DocumentRefusedError.

        Which groups a gate belongs to is said by files of the agent's user, so a group is not judged here: what comes
        of a lie is signed software that is newer than what runs.
        """
        document, rules = found.document, self._rules()
        audience = document.audience
        groups = (() if document.stage is None else document.stage.groups) + (
            (audience.name,) if audience.scope is Scope.GROUP else ()
        )
        place = DocumentPlace(document.kind, audience, document.stage is not None)
        taken = judged_document(found.signed, place, FleetRules(rules.gate, groups, rules.keys), floors, utc)
        known = floors.get(place.slot)
        if taken is None and (known is None or known.identity != found.identity):
            raise DocumentRefusedError(DocumentFault.WRONG_GATE, Text("its stage has not reached this gate yet"))
        return place.slot

    def _rules(self) -> FleetRules:
        try:
            anchors = read_anchors(self._anchors, self._owner)
        except AnchorsUnusableError as error:
            raise DocumentRefusedError(
                DocumentFault.KEY_UNKNOWN, Text("the trust anchors cannot be read: {why}", why=reason(error))
            ) from None
        if anchors is None:
            raise DocumentRefusedError(
                DocumentFault.KEY_UNKNOWN,
                Text("this gate has not adopted its trust anchors: gate-agent anchors adopt"),
            )
        return FleetRules(anchors.held.gate, (), anchor_fleet_keys(anchors))
