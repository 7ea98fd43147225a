"""paho's clients of tests."""


def leave(client):
    """Part from the broker, and close everything now.

    paho keeps the sockets that wake its thread until the client is collected. A client and its callbacks hold each
    other, so that would be during any later test.
    """
    client.disconnect()
    client.loop_stop()
    client.reinitialise()
