"""Prometheus and its promtool, where this machine has them."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.support.mqtt.mosquitto import free_port
from tests.support.waiting import PATIENCE_S, eventually


def program(name):
    """The path of a program; the test is left out where there is none, and says so."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed here: apt-get install {name}")
    return path


class Prometheus:
    """A real one, which fetches one target."""

    def __init__(self, folder, target, rules):
        self.port = free_port()
        self._folder = folder
        text = f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs: [{{job_name: gate-central, static_configs: [{{targets: ["{target}"]}}]}}]
rule_files: ["{rules}"]
"""
        (folder / "prometheus.yml").write_text(text)

    def __enter__(self):
        command = [
            program("prometheus"),
            f"--config.file={self._folder}/prometheus.yml",
            f"--storage.tsdb.path={self._folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._fetched, what="Prometheus having fetched the exporter")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def ask(self, question):
        """The samples of a question: [(labels, value)]."""
        asked = urllib.parse.urlencode({"query": question})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=PATIENCE_S) as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return [(one["metric"], float(one["value"][1])) for one in body["data"]["result"]]

    def _fetched(self):
        assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()
        try:
            return self.ask('up{job="gate-central"} == 1')
        except urllib.error.URLError:
            return False
