"""The Kafka sample: what can be checked of it without a Kafka."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "config" / "kafka"


def test_the_connector_listens_to_events_as_a_client_that_rabbitmq_lets_in_and_changes_no_byte():
    sample = json.loads((FOLDER / "mqtt-source.json").read_text("utf-8"))["config"]
    assert sample["camel.kamelet.mqtt5-source.topic"] == "gate/v1/+/event/#"
    assert sample["camel.kamelet.mqtt5-source.clientId"].startswith("central")
    assert sample["value.converter"].endswith("ByteArrayConverter")


def test_the_loop_of_the_page_is_python_and_uses_names_that_there_are():
    (code,) = re.findall(r"```python\n(.+?)```", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL)
    compile(code, "README.md", "exec")
    database = __import__("central.database", fromlist=["__all__"])
    (names,) = re.findall(r"from central\.database import (.+)", code)
    assert set(names.split(", ")) <= set(database.__all__)
