"""The example of a trade window, run as its readme says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import zxingcpp
from PIL import Image

from agent.clock.clock import Clock
from agent.core.model.list_kinds import ListKind
from agent.core.model.reasons import Reason
from agent.core.permit.issue import DAY_S, Issuer, trust_list
from agent.core.permit.permit_verification import GateContext, verify_permit
from central.publishing.sources import entries
from tests.support.pki.permits import KEY, NOW

WINDOW = Path(__file__).resolve().parents[2] / "examples" / "trade_window" / "window.py"
GOOD = {"declaration": "941120260000012345", "vin": "LSVAA49J132047371", "plate": "新A·12345"}


def window(folder, exports):
    (folder / "issuer.pem").write_bytes(KEY.to_pem())
    (folder / "exports.json").write_text(json.dumps(exports), "utf-8")
    words = [sys.executable, WINDOW, "issuer.pem", "KHE", "9411", "exports.json", "out"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def test_each_export_becomes_a_code_that_a_gate_accepts_and_a_declaration(tmp_path):
    made = window(tmp_path, [GOOD])
    assert (made.returncode, made.stdout, made.stderr) == (0, "1 permits in out\n", "")
    (found,) = zxingcpp.read_barcodes(
        Image.open(tmp_path / "out" / "LSVAA49J132047371.png").convert("L"), formats=zxingcpp.BarcodeFormat.QRCode
    )
    now = Clock().now().utc
    context = GateContext(9411, 1, "export", clock_trusted=True, clock_skew_s=60)
    result = verify_permit(found.text.encode(), context, trust_list([Issuer("KHE", KEY)], int(now) - DAY_S), now)
    assert (result.reason, result.permit.plate) == (Reason.OK, "新A12345")
    listed = list(entries(tmp_path / "out" / "declarations.csv", ListKind.DECLARATIONS, 9411))
    assert [entry.key for entry in listed] == [result.permit.permit_id]


def test_what_is_wrong_with_an_export_is_told_and_the_others_are_issued(tmp_path):
    made = window(tmp_path, [GOOD | {"vin": "LSVAA49J13204737I"}, GOOD])
    assert made.returncode == 1
    assert made.stdout.splitlines() == [
        "export 1: vin: expected 17 digits and letters without I, O and Q; did you mean LSVAA49J132047371?",
        "1 permits in out",
    ]


def test_the_program_in_the_documentation_runs(tmp_path, monkeypatch):
    (block,) = re.findall(
        r"```python\n(.*?)```", (WINDOW.parents[2] / "docs" / "permits.md").read_text("utf-8"), re.DOTALL
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "issuer.pem").write_bytes(KEY.to_pem())
    exec(compile(block, "docs/permits.md", "exec"), {"now": NOW})  # noqa: S102 - our own page
    (found,) = zxingcpp.read_barcodes(Image.open("permit.png").convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    assert found.text.startswith("GP1:")
    (entry,) = entries(Path("declarations.csv"), ListKind.DECLARATIONS, 9411)
    assert entry.warning == ""
