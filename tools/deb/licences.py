"""What a package says of the works of others in it: its copyright file, and its bill of materials."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.deb.project import ROOT
from tools.deb.targets import LIBRARIES

if TYPE_CHECKING:
    from tools.deb.targets import Target
    from tools.deb.third_party import Work

# The standard wants this very address in the first field: it is the format's name, and nobody fetches it.
_HEAD: Final = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: gate-agent
Comment: The package carries works of others. Each has its paragraph; its licence follows in full where it came
 with one, and stands in /usr/share/common-licenses where it is the Apache License 2.0 or the GNU Lesser GPL."""
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:gate-agent:bill-of-materials")


def bill_of_materials(found: list[Work], target: Target, version: str, build_time: int) -> str:
    """CycloneDX 1.6 JSON (ECMA-424): ours, every Python package, library, font, network and script in a package.

    The same bytes each time: its serial number follows from what it lists.
    """
    product = Component(
        name="gate-agent",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref="gate-agent",
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
        purl=PackageURL("deb", "", "gate-agent", version, {"arch": target.architecture}),
    )
    bom = Bom(metadata=BomMetaData(component=product, timestamp=datetime.fromtimestamp(build_time, UTC)))
    components = [_component(work) for work in found]
    components += [_debian(name) for name in ("python3", *LIBRARIES)]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(product, components)
    bom.serial_number = uuid.uuid5(_SPACE, f"{target.name} {version} " + " ".join(map(repr, found)))
    return json.dumps(json.loads(JsonV1Dot6(bom).output_as_string()), indent=1, sort_keys=True) + "\n"


def _component(work: Work) -> Component:
    expression = any(word in work.licence.split() for word in ("AND", "OR", "WITH"))
    licence = LicenseExpression(work.licence) if expression else DisjunctiveLicense(id=work.licence)
    if work.origin:
        ((path, digest),) = work.files.items()
        kind = ComponentType.MACHINE_LEARNING_MODEL if path.endswith(".onnx") else ComponentType.FILE
        return Component(
            name=work.name,
            version=work.version or None,
            type=kind,
            bom_ref=path,
            licenses=[licence],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
            properties=[Property(name="gate-agent:origin", value=work.origin)],
        )
    inner = [
        Component(
            name=path.rsplit("/", 1)[-1],
            type=ComponentType.LIBRARY,
            bom_ref=path,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )
        for path, digest in work.files.items()
    ]
    return Component(
        name=work.name,
        version=work.version,
        bom_ref=f"{work.name}=={work.version}",
        licenses=[licence],
        purl=PackageURL("pypi", None, work.name, work.version),
        components=inner,
    )


def _debian(name: str) -> Component:
    return Component(name=name, bom_ref=f"debian:{name}", purl=PackageURL("deb", "debian", name))


def copyright_file(found: list[Work]) -> str:
    """Debian's copyright file: whose each part is, and all licences in full (Debian policy 12.5, DEP 5)."""
    own = (ROOT / "LICENSE").read_text(encoding="utf-8")
    paragraphs = [
        _HEAD,
        "Files: *\nCopyright: the makers of the gate agent\nLicense: Apache-2.0\n" + _indented(own),
    ]
    for work in found:
        where = "\n ".join(f"*/{path}" for path in work.files) if work.origin else f"*/{work.name}*"
        words = f"Comment: {work.name} {work.version}".rstrip() + (f", from {work.origin}" if work.origin else "")
        paragraph = f"Files: {where}\nCopyright: as its licence says\n{words}\nLicense: {work.licence}"
        for path, text in work.texts.items():
            paragraph += f"\n {path}:\n{_indented(text)}"
        paragraphs.append(paragraph)
    return "\n\n".join(paragraphs) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f" {line.rstrip()}" if line.strip() else " ." for line in text.strip().splitlines())
