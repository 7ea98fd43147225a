"""What the running agent is asked for reaches it, whichever of its threads the kernel hands a signal to."""

import subprocess
import sys
import textwrap

import pytest

from tests.support.waiting import PATIENCE_S

SCRIPT = """
    import signal, threading
    from agent.cli.process_signals import ProcessSignals

    asked = ProcessSignals()

    def other():
        {act}

    threading.Timer(0.3, other).start()
    asked.wait(None)
    print(repr(asked.cause), asked.failed, asked.pop_reload_request(), asked.pop_reload_request())
"""


def said_after(act):
    """What a process that waits is asked for when another of its threads does this."""
    code = textwrap.dedent(SCRIPT).format(act=act)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("signal.pthread_kill(threading.get_ident(), signal.SIGTERM)", "'SIGTERM' False False False"),
        ("signal.pthread_kill(threading.get_ident(), signal.SIGINT)", "'SIGINT' False False False"),
        ("signal.pthread_kill(threading.get_ident(), signal.SIGHUP)", "'' False True False"),
        ("asked.request_reload()", "'' False True False"),
        ("asked.damaged('the journal')", "'journal damaged' True False False"),
    ],
    ids=["SIGTERM", "SIGINT", "SIGHUP", "a word of the console", "damage"],
)
def test_who_waits_is_woken_by_what_another_thread_takes_or_says(act, said):
    assert said_after(act) == said


def test_what_was_asked_before_anybody_waited_is_not_lost():
    code = """
        import os, signal
        from agent.cli.process_signals import ProcessSignals

        asked = ProcessSignals()
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        asked.wait(None)
        print(repr(asked.cause), asked.pop_reload_request())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert done.stdout.strip() == "'SIGTERM' True"


def test_a_wait_of_so_long_ends_by_itself_and_asks_for_nothing():
    code = """
        from agent.cli.process_signals import ProcessSignals

        asked = ProcessSignals()
        asked.wait(0.05)
        print(repr(asked.cause), asked.pop_reload_request())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    assert done.stdout.strip() == "'' False"
