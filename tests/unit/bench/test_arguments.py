"""Measurements that are started by hand say what they take, and measure nothing for a word that is no number."""

from __future__ import annotations

import importlib
import sys

import pytest

MODULES = {
    "bench.broker_kills": "kills",
    "bench.drain": "events",
    "bench.fleet": "gates",
    "bench.fleet_kills": "away_s",
    "bench.replay": "vehicles",
    "tests.attacks.loss_table": "folder",
}


@pytest.mark.parametrize(("module", "argument"), MODULES.items())
def test_help_names_the_arguments(module, argument, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main()
    assert ended.value.code == 0
    assert argument in capsys.readouterr().out


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("bench")])
def test_a_word_in_the_place_of_a_number_is_refused(module, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module, "many"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main()
    assert ended.value.code == 2
    assert "invalid" in capsys.readouterr().err
