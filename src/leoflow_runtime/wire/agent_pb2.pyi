from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    SUCCESS: _ClassVar[Outcome]
    FAILED: _ClassVar[Outcome]
    FAILED_NO_RETRY: _ClassVar[Outcome]
    SKIPPED: _ClassVar[Outcome]
    UP_FOR_RESCHEDULE: _ClassVar[Outcome]
    LOST: _ClassVar[Outcome]
    CANCELLED: _ClassVar[Outcome]
    SHUT_DOWN: _ClassVar[Outcome]
OUTCOME_UNSPECIFIED: Outcome
SUCCESS: Outcome
FAILED: Outcome
FAILED_NO_RETRY: Outcome
SKIPPED: Outcome
UP_FOR_RESCHEDULE: Outcome
LOST: Outcome
CANCELLED: Outcome
SHUT_DOWN: Outcome

class AttachRequest(_message.Message):
    __slots__ = ("agent_version", "hostname", "pid", "held_launches", "capacity", "takes_opened")
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    HELD_LAUNCHES_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    TAKES_OPENED_FIELD_NUMBER: _ClassVar[int]
    agent_version: str
    hostname: str
    pid: int
    held_launches: _containers.RepeatedScalarFieldContainer[int]
    capacity: int
    takes_opened: bool
    def __init__(self, agent_version: _Optional[str] = ..., hostname: _Optional[str] = ..., pid: _Optional[int] = ..., held_launches: _Optional[_Iterable[int]] = ..., capacity: _Optional[int] = ..., takes_opened: bool = ...) -> None: ...

class HostCommand(_message.Message):
    __slots__ = ("attached", "start", "stop", "shutdown")
    ATTACHED_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    attached: Attached
    start: StartLaunch
    stop: StopLaunch
    shutdown: Shutdown
    def __init__(self, attached: _Optional[_Union[Attached, _Mapping]] = ..., start: _Optional[_Union[StartLaunch, _Mapping]] = ..., stop: _Optional[_Union[StopLaunch, _Mapping]] = ..., shutdown: _Optional[_Union[Shutdown, _Mapping]] = ...) -> None: ...

class Attached(_message.Message):
    __slots__ = ("adopted", "abandoned", "now")
    ADOPTED_FIELD_NUMBER: _ClassVar[int]
    ABANDONED_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    adopted: _containers.RepeatedCompositeFieldContainer[StartLaunch]
    abandoned: _containers.RepeatedScalarFieldContainer[int]
    now: float
    def __init__(self, adopted: _Optional[_Iterable[_Union[StartLaunch, _Mapping]]] = ..., abandoned: _Optional[_Iterable[int]] = ..., now: _Optional[float] = ...) -> None: ...

class StartLaunch(_message.Message):
    __slots__ = ("launch_id", "launch_token", "opened", "given_at")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    GIVEN_AT_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    launch_token: str
    opened: OpenReply
    given_at: float
    def __init__(self, launch_id: _Optional[int] = ..., launch_token: _Optional[str] = ..., opened: _Optional[_Union[OpenReply, _Mapping]] = ..., given_at: _Optional[float] = ...) -> None: ...

class StopLaunch(_message.Message):
    __slots__ = ("launch_id", "reason")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    reason: str
    def __init__(self, launch_id: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Shutdown(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OpenRequest(_message.Message):
    __slots__ = ("launch_token", "agent_version", "hostname", "pid")
    LAUNCH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    launch_token: str
    agent_version: str
    hostname: str
    pid: int
    def __init__(self, launch_token: _Optional[str] = ..., agent_version: _Optional[str] = ..., hostname: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class OpenReply(_message.Message):
    __slots__ = ("session", "launch")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_FIELD_NUMBER: _ClassVar[int]
    session: str
    launch: LaunchSpec
    def __init__(self, session: _Optional[str] = ..., launch: _Optional[_Union[LaunchSpec, _Mapping]] = ...) -> None: ...

class LaunchSpec(_message.Message):
    __slots__ = ("launch_id", "dag_id", "run_id", "task_id", "map_index", "try_number", "max_tries", "content_digest", "dag_version", "dag_json", "code_path", "python", "inputs", "env", "variables", "connections", "context", "execution_timeout_seconds", "heartbeat_seconds", "secrets", "log_offset", "callback", "note")
    class EnvEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class ConnectionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    DAG_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    MAP_INDEX_FIELD_NUMBER: _ClassVar[int]
    TRY_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MAX_TRIES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DAG_VERSION_FIELD_NUMBER: _ClassVar[int]
    DAG_JSON_FIELD_NUMBER: _ClassVar[int]
    CODE_PATH_FIELD_NUMBER: _ClassVar[int]
    PYTHON_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    LOG_OFFSET_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    content_digest: str
    dag_version: str
    dag_json: bytes
    code_path: str
    python: str
    inputs: _containers.RepeatedCompositeFieldContainer[Input]
    env: _containers.ScalarMap[str, str]
    variables: _containers.ScalarMap[str, str]
    connections: _containers.ScalarMap[str, str]
    context: RunContext
    execution_timeout_seconds: float
    heartbeat_seconds: float
    secrets: _containers.RepeatedScalarFieldContainer[str]
    log_offset: int
    callback: RunCallback
    note: str
    def __init__(self, launch_id: _Optional[int] = ..., dag_id: _Optional[str] = ..., run_id: _Optional[str] = ..., task_id: _Optional[str] = ..., map_index: _Optional[int] = ..., try_number: _Optional[int] = ..., max_tries: _Optional[int] = ..., content_digest: _Optional[str] = ..., dag_version: _Optional[str] = ..., dag_json: _Optional[bytes] = ..., code_path: _Optional[str] = ..., python: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., env: _Optional[_Mapping[str, str]] = ..., variables: _Optional[_Mapping[str, str]] = ..., connections: _Optional[_Mapping[str, str]] = ..., context: _Optional[_Union[RunContext, _Mapping]] = ..., execution_timeout_seconds: _Optional[float] = ..., heartbeat_seconds: _Optional[float] = ..., secrets: _Optional[_Iterable[str]] = ..., log_offset: _Optional[int] = ..., callback: _Optional[_Union[RunCallback, _Mapping]] = ..., note: _Optional[str] = ...) -> None: ...

class RunContext(_message.Message):
    __slots__ = ("run_type", "logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "conf_json", "params_json", "task_start_date", "prev_start_date_success", "prev_data_interval_start_success", "prev_data_interval_end_success", "triggered_by", "ti_uuid", "reschedule_count", "expanded_ti_count", "assets_json")
    RUN_TYPE_FIELD_NUMBER: _ClassVar[int]
    LOGICAL_DATE_FIELD_NUMBER: _ClassVar[int]
    DATA_INTERVAL_START_FIELD_NUMBER: _ClassVar[int]
    DATA_INTERVAL_END_FIELD_NUMBER: _ClassVar[int]
    RUN_AFTER_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    CONF_JSON_FIELD_NUMBER: _ClassVar[int]
    PARAMS_JSON_FIELD_NUMBER: _ClassVar[int]
    TASK_START_DATE_FIELD_NUMBER: _ClassVar[int]
    PREV_START_DATE_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    PREV_DATA_INTERVAL_START_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    PREV_DATA_INTERVAL_END_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_BY_FIELD_NUMBER: _ClassVar[int]
    TI_UUID_FIELD_NUMBER: _ClassVar[int]
    RESCHEDULE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPANDED_TI_COUNT_FIELD_NUMBER: _ClassVar[int]
    ASSETS_JSON_FIELD_NUMBER: _ClassVar[int]
    run_type: str
    logical_date: str
    data_interval_start: str
    data_interval_end: str
    run_after: str
    start_date: str
    conf_json: str
    params_json: str
    task_start_date: str
    prev_start_date_success: str
    prev_data_interval_start_success: str
    prev_data_interval_end_success: str
    triggered_by: str
    ti_uuid: str
    reschedule_count: int
    expanded_ti_count: int
    assets_json: str
    def __init__(self, run_type: _Optional[str] = ..., logical_date: _Optional[str] = ..., data_interval_start: _Optional[str] = ..., data_interval_end: _Optional[str] = ..., run_after: _Optional[str] = ..., start_date: _Optional[str] = ..., conf_json: _Optional[str] = ..., params_json: _Optional[str] = ..., task_start_date: _Optional[str] = ..., prev_start_date_success: _Optional[str] = ..., prev_data_interval_start_success: _Optional[str] = ..., prev_data_interval_end_success: _Optional[str] = ..., triggered_by: _Optional[str] = ..., ti_uuid: _Optional[str] = ..., reschedule_count: _Optional[int] = ..., expanded_ti_count: _Optional[int] = ..., assets_json: _Optional[str] = ...) -> None: ...

class RunCallback(_message.Message):
    __slots__ = ("kind", "reason")
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    reason: str
    def __init__(self, kind: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Input(_message.Message):
    __slots__ = ("task_id", "key", "map_index", "value_json")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MAP_INDEX_FIELD_NUMBER: _ClassVar[int]
    VALUE_JSON_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    key: str
    map_index: int
    value_json: bytes
    def __init__(self, task_id: _Optional[str] = ..., key: _Optional[str] = ..., map_index: _Optional[int] = ..., value_json: _Optional[bytes] = ...) -> None: ...

class XCom(_message.Message):
    __slots__ = ("key", "value_json")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_JSON_FIELD_NUMBER: _ClassVar[int]
    key: str
    value_json: bytes
    def __init__(self, key: _Optional[str] = ..., value_json: _Optional[bytes] = ...) -> None: ...

class StartedRequest(_message.Message):
    __slots__ = ("launch_id", "child_pid", "started_at")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    CHILD_PID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    child_pid: int
    started_at: str
    def __init__(self, launch_id: _Optional[int] = ..., child_pid: _Optional[int] = ..., started_at: _Optional[str] = ...) -> None: ...

class DeferredRequest(_message.Message):
    __slots__ = ("launch_id", "is_deferred", "waits_for")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    IS_DEFERRED_FIELD_NUMBER: _ClassVar[int]
    WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    is_deferred: bool
    waits_for: str
    def __init__(self, launch_id: _Optional[int] = ..., is_deferred: bool = ..., waits_for: _Optional[str] = ...) -> None: ...

class FinishedRequest(_message.Message):
    __slots__ = ("launch_id", "outcome", "started_at", "finished_at", "message", "exit_code", "signal", "cpu_seconds", "max_rss_bytes", "xcoms", "reschedule_at", "rendered_fields_json", "skip_task_ids", "note", "skip_ignores_trigger_rules", "map_length", "rendered_map_index", "asset_events_json", "log", "log_offset")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    CPU_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_RSS_BYTES_FIELD_NUMBER: _ClassVar[int]
    XCOMS_FIELD_NUMBER: _ClassVar[int]
    RESCHEDULE_AT_FIELD_NUMBER: _ClassVar[int]
    RENDERED_FIELDS_JSON_FIELD_NUMBER: _ClassVar[int]
    SKIP_TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    SKIP_IGNORES_TRIGGER_RULES_FIELD_NUMBER: _ClassVar[int]
    MAP_LENGTH_FIELD_NUMBER: _ClassVar[int]
    RENDERED_MAP_INDEX_FIELD_NUMBER: _ClassVar[int]
    ASSET_EVENTS_JSON_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    LOG_OFFSET_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    outcome: Outcome
    started_at: str
    finished_at: str
    message: str
    exit_code: int
    signal: int
    cpu_seconds: float
    max_rss_bytes: int
    xcoms: _containers.RepeatedCompositeFieldContainer[XCom]
    reschedule_at: str
    rendered_fields_json: str
    skip_task_ids: _containers.RepeatedScalarFieldContainer[str]
    note: str
    skip_ignores_trigger_rules: bool
    map_length: int
    rendered_map_index: str
    asset_events_json: str
    log: bytes
    log_offset: int
    def __init__(self, launch_id: _Optional[int] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., started_at: _Optional[str] = ..., finished_at: _Optional[str] = ..., message: _Optional[str] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., cpu_seconds: _Optional[float] = ..., max_rss_bytes: _Optional[int] = ..., xcoms: _Optional[_Iterable[_Union[XCom, _Mapping]]] = ..., reschedule_at: _Optional[str] = ..., rendered_fields_json: _Optional[str] = ..., skip_task_ids: _Optional[_Iterable[str]] = ..., note: _Optional[str] = ..., skip_ignores_trigger_rules: bool = ..., map_length: _Optional[int] = ..., rendered_map_index: _Optional[str] = ..., asset_events_json: _Optional[str] = ..., log: _Optional[bytes] = ..., log_offset: _Optional[int] = ...) -> None: ...

class ReportReply(_message.Message):
    __slots__ = ("accepted", "should_stop", "reason", "durable_offset")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    SHOULD_STOP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    accepted: bool
    should_stop: bool
    reason: str
    durable_offset: int
    def __init__(self, accepted: bool = ..., should_stop: bool = ..., reason: _Optional[str] = ..., durable_offset: _Optional[int] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("launch_ids",)
    LAUNCH_IDS_FIELD_NUMBER: _ClassVar[int]
    launch_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, launch_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class HeartbeatReply(_message.Message):
    __slots__ = ("stop",)
    STOP_FIELD_NUMBER: _ClassVar[int]
    stop: _containers.RepeatedCompositeFieldContainer[StopLaunch]
    def __init__(self, stop: _Optional[_Iterable[_Union[StopLaunch, _Mapping]]] = ...) -> None: ...

class AppendLogRequest(_message.Message):
    __slots__ = ("launch_id", "offset", "data", "final")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    offset: int
    data: bytes
    final: bool
    def __init__(self, launch_id: _Optional[int] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., final: bool = ...) -> None: ...

class AppendLogReply(_message.Message):
    __slots__ = ("durable_offset", "should_stop")
    DURABLE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    SHOULD_STOP_FIELD_NUMBER: _ClassVar[int]
    durable_offset: int
    should_stop: bool
    def __init__(self, durable_offset: _Optional[int] = ..., should_stop: bool = ...) -> None: ...

class PullXComRequest(_message.Message):
    __slots__ = ("launch_id", "task_ids", "key", "dag_id", "run_id", "map_index", "include_prior_dates", "after_map_index")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    DAG_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    MAP_INDEX_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PRIOR_DATES_FIELD_NUMBER: _ClassVar[int]
    AFTER_MAP_INDEX_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    task_ids: _containers.RepeatedScalarFieldContainer[str]
    key: str
    dag_id: str
    run_id: str
    map_index: int
    include_prior_dates: bool
    after_map_index: int
    def __init__(self, launch_id: _Optional[int] = ..., task_ids: _Optional[_Iterable[str]] = ..., key: _Optional[str] = ..., dag_id: _Optional[str] = ..., run_id: _Optional[str] = ..., map_index: _Optional[int] = ..., include_prior_dates: bool = ..., after_map_index: _Optional[int] = ...) -> None: ...

class PullXComReply(_message.Message):
    __slots__ = ("values", "more")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[Input]
    more: bool
    def __init__(self, values: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., more: bool = ...) -> None: ...

class GetVariableRequest(_message.Message):
    __slots__ = ("launch_id", "key")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    key: str
    def __init__(self, launch_id: _Optional[int] = ..., key: _Optional[str] = ...) -> None: ...

class GetVariableReply(_message.Message):
    __slots__ = ("value", "secrets")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    value: str
    secrets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, value: _Optional[str] = ..., secrets: _Optional[_Iterable[str]] = ...) -> None: ...

class SetVariableRequest(_message.Message):
    __slots__ = ("launch_id", "key", "value", "description")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    key: str
    value: str
    description: str
    def __init__(self, launch_id: _Optional[int] = ..., key: _Optional[str] = ..., value: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class SetVariableReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetConnectionRequest(_message.Message):
    __slots__ = ("launch_id", "conn_id")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    CONN_ID_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    conn_id: str
    def __init__(self, launch_id: _Optional[int] = ..., conn_id: _Optional[str] = ...) -> None: ...

class GetConnectionReply(_message.Message):
    __slots__ = ("uri", "secrets")
    URI_FIELD_NUMBER: _ClassVar[int]
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    uri: str
    secrets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, uri: _Optional[str] = ..., secrets: _Optional[_Iterable[str]] = ...) -> None: ...

class TriggerRunRequest(_message.Message):
    __slots__ = ("launch_id", "dag_id", "run_id", "logical_date", "run_after", "conf_json", "reset_dag_run", "note")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    DAG_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LOGICAL_DATE_FIELD_NUMBER: _ClassVar[int]
    RUN_AFTER_FIELD_NUMBER: _ClassVar[int]
    CONF_JSON_FIELD_NUMBER: _ClassVar[int]
    RESET_DAG_RUN_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    dag_id: str
    run_id: str
    logical_date: str
    run_after: str
    conf_json: str
    reset_dag_run: bool
    note: str
    def __init__(self, launch_id: _Optional[int] = ..., dag_id: _Optional[str] = ..., run_id: _Optional[str] = ..., logical_date: _Optional[str] = ..., run_after: _Optional[str] = ..., conf_json: _Optional[str] = ..., reset_dag_run: bool = ..., note: _Optional[str] = ...) -> None: ...

class TriggerRunReply(_message.Message):
    __slots__ = ("run_id", "already_exists", "refused")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ALREADY_EXISTS_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    already_exists: bool
    refused: str
    def __init__(self, run_id: _Optional[str] = ..., already_exists: bool = ..., refused: _Optional[str] = ...) -> None: ...

class GetStatesRequest(_message.Message):
    __slots__ = ("launch_id", "dag_id", "run_id", "logical_date", "task_ids", "task_group_id")
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    DAG_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LOGICAL_DATE_FIELD_NUMBER: _ClassVar[int]
    TASK_IDS_FIELD_NUMBER: _ClassVar[int]
    TASK_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    dag_id: str
    run_id: str
    logical_date: str
    task_ids: _containers.RepeatedScalarFieldContainer[str]
    task_group_id: str
    def __init__(self, launch_id: _Optional[int] = ..., dag_id: _Optional[str] = ..., run_id: _Optional[str] = ..., logical_date: _Optional[str] = ..., task_ids: _Optional[_Iterable[str]] = ..., task_group_id: _Optional[str] = ...) -> None: ...

class GetStatesReply(_message.Message):
    __slots__ = ("dag_exists", "tasks_exist", "states")
    DAG_EXISTS_FIELD_NUMBER: _ClassVar[int]
    TASKS_EXIST_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    dag_exists: bool
    tasks_exist: bool
    states: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dag_exists: bool = ..., tasks_exist: bool = ..., states: _Optional[_Iterable[str]] = ...) -> None: ...

class GetLatestWindowRequest(_message.Message):
    __slots__ = ("launch_id",)
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    launch_id: int
    def __init__(self, launch_id: _Optional[int] = ...) -> None: ...

class GetLatestWindowReply(_message.Message):
    __slots__ = ("left", "right")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    left: str
    right: str
    def __init__(self, left: _Optional[str] = ..., right: _Optional[str] = ...) -> None: ...
