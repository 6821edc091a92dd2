"""The suite's own checks explain themselves when they fail, as those of a test do."""

import pytest

# Before whatever imports it: tests and their fixtures come after this file.
pytest.register_assert_rewrite("support.conformance")
