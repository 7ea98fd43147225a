"""The contract's own assertions are explained, too."""

import pytest

pytest.register_assert_rewrite("tests.contracts.voice")
