"""The link to the central system over MQTT."""
