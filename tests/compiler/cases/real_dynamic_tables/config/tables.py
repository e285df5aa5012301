from datetime import timedelta
from typing import Any, Dict
DEFAULTS: Dict[str, Any] = dict(owner="team", retries=1, retry_delay=timedelta(seconds=30))
TABLES: Dict[str, Dict[str, Any]] = {
    "users": {"mode": "full", "description": "Users", "partitions": 2},
    "orders": {"mode": "incr", "description": "Orders", "depends_on": ["users"], "partitions": 3},
    "old": {"mode": "none", "enabled": False, "description": "Old"},
}
