"""The signed lists of the site: from MQTT or a file into the registry, watched for their age."""
