from pathlib import Path

import pytest

from central.est import EstSettingsError, load_est_settings

GOOD = 'site = 7\nca_file = "ca.crt"\nca_key_file = "/keys/ca.key"\nnames = ["est.example", "10.0.0.7"]\n'


def load(tmp_path, text):
    path = tmp_path / "est.toml"
    path.write_text(text)
    return load_est_settings(path)


def test_paths_begin_at_the_folder_of_the_file_and_the_rest_has_defaults(tmp_path):
    found = load(tmp_path, GOOD)
    assert (found.ca_file, str(found.ca_key_file)) == (tmp_path / "ca.crt", "/keys/ca.key")
    assert found.crl_path == found.folder / "crl.pem"
    assert found.url == "https://est.example:8085"
    assert load(tmp_path, GOOD.replace("est.example", "fe80::1")).url == "https://[fe80::1]:8085"


def test_the_sample_can_be_used(tmp_path):
    sample = Path(__file__).parents[4] / "config" / "est" / "est.toml"
    assert load_est_settings(sample).site == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + "prot = 8086\n", r"est.toml:5:1: prot is not a setting; did you mean port\?"),
        (GOOD + "  port = 99999\n", "est.toml:5:3: port: "),
        (GOOD.replace("site = 7\n", ""), "site is missing: Number of the site"),
        (GOOD + 'brokers = ["mqtt//x"]\n', "est.toml:5:1: brokers: .*must begin with mqtts"),
        (GOOD + 'key_file = "x"\n', "certificate_file and key_file belong together"),
        (GOOD + "port = \n", r"line 5"),
        ("x" * 70_000, "larger than"),
    ],
)
def test_a_fault_is_named_by_its_place(tmp_path, text, words):
    with pytest.raises(EstSettingsError, match=words):
        load(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(EstSettingsError, match="No such file"):
        load_est_settings(tmp_path / "none.toml")
