"""The fake executor keeps an executor's promises."""

from __future__ import annotations

import pytest

from leoflow_runtime.executors.protocol import Executor

from .executor_conformance import ExecutorConformance
from .recording_executor import RecordingExecutor


class TestRecordingExecutor(ExecutorConformance):
    @pytest.fixture
    def executor(self) -> Executor:
        return RecordingExecutor()
