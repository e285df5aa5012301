"""What user code raises and catches, and what the dialect itself raises."""

from __future__ import annotations

__all__ = [
    "AirflowBadRequest",
    "AirflowDagCycleException",
    "AirflowException",
    "AirflowFailException",
    "AirflowConfigException",
    "AirflowNotFoundException",
    "AirflowOptionalProviderFeatureException",
    "AirflowProviderDeprecationWarning",
    "AirflowRuntimeError",
    "AirflowRescheduleException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTerminated",
    "AirflowTaskTimeout",
    "AirflowTimetableInvalid",
    "DagNotFound",
    "DagRunNotFound",
    "PoolNotFound",
    "RemovedInAirflow4Warning",
    "TaskDeferralError",
    "TaskDeferralTimeout",
    "TaskDeferred",
    "TaskInstanceNotFound",
    "DownstreamTasksSkipped",
    "DuplicateTaskIdFound",
    "NotSupportedInLeanEngine",
    "ParamValidationError",
    "TaskAlreadyInTaskGroup",
    "TaskNotFound",
    "XComNotFound",
]


class AirflowException(Exception):
    """Base of the dialect's errors; raised in a task, the try fails and may be retried."""


class AirflowBadRequest(AirflowException):
    """The request or its arguments are wrong."""


class AirflowNotFoundException(AirflowException):
    """A connection, variable or other object does not exist."""


class AirflowConfigException(AirflowException):
    """A setting is wrong."""


class AirflowOptionalProviderFeatureException(AirflowException):
    """A provider needs another package for what was asked."""


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """A provider's way that will go."""


class AirflowRuntimeError(Exception):
    """What was asked for is not there, as a variable; not an AirflowException, as in Airflow."""


class AirflowSkipException(AirflowException):
    """The task ends as skipped."""


class AirflowFailException(AirflowException):
    """The task fails for good, whatever tries remain."""


class AirflowSensorTimeout(AirflowException):
    """A sensor waited too long."""


class AirflowRescheduleException(AirflowException):
    """The task gives its place back and runs again at `reschedule_date`, an aware datetime."""

    def __init__(self, reschedule_date: object) -> None:
        super().__init__(f"rescheduled to {reschedule_date}")
        self.reschedule_date = reschedule_date


class AirflowTaskTimeout(BaseException):
    """The task ran longer than it may. Not an `Exception`, so that a broad handler lets it through."""


class AirflowTaskTerminated(BaseException):
    """The task was told to stop. Not an `Exception`, so that a broad handler lets it through."""


class DownstreamTasksSkipped(AirflowException):
    """Ends a task successfully with `result` as its value, and skips `tasks`, task ids of this DAG."""

    def __init__(self, *, tasks: object, result: object = None) -> None:
        super().__init__()
        self.tasks = tasks
        self.result = result


class XComNotFound(AirflowException):
    """An upstream task left no value under that key."""

    def __init__(self, dag_id: str, task_id: str, key: str) -> None:
        super().__init__(dag_id, task_id, key)
        self.dag_id = dag_id
        self.task_id = task_id
        self.key = key

    def __str__(self) -> str:
        return f'XComArg result from {self.task_id} at {self.dag_id} with key="{self.key}" is not found!'


class ParamValidationError(AirflowException):
    """A parameter's value does not fit."""


class DuplicateTaskIdFound(AirflowException):
    """Two tasks or groups of one DAG have the same id."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task may be in one group only."""


class TaskNotFound(AirflowNotFoundException):
    """The DAG has no task of that id."""


class AirflowDagCycleException(AirflowException):
    """The DAG has a cycle."""


class NotSupportedInLeanEngine(AirflowFailException):
    """Part of Airflow's dialect that Leoflow does not run; `feature` names it. No retries."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"{feature} is not supported by Leoflow's lean engine.")
        self.feature = feature


class AirflowTimetableInvalid(AirflowException):
    """A timetable's arguments are wrong."""


class DagNotFound(AirflowNotFoundException):
    """There is no DAG of that id."""


class DagRunNotFound(AirflowNotFoundException):
    """There is no run of that id."""


class TaskInstanceNotFound(AirflowNotFoundException):
    """There is no such instance of a task."""


class PoolNotFound(AirflowNotFoundException):
    """There is no pool of that name."""


class RemovedInAirflow4Warning(DeprecationWarning):
    """A way that will go."""


class TaskDeferralError(AirflowException):
    """What a deferred task waited for has failed."""


class TaskDeferralTimeout(AirflowException):
    """What a deferred task waited for did not come."""


class TaskDeferred(BaseException):
    """The task goes on with `method_name` once `trigger` fires; `timeout` is a timedelta or None."""

    def __init__(
        self, *, trigger: object, method_name: str, kwargs: object = None, timeout: object = None
    ) -> None:
        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timeout

    def __str__(self) -> str:
        return f"deferred to {self.method_name}() by {type(self.trigger).__name__}"
