"""What every page asks for: configuration, who is logged in, the menu."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from leoflow_server.access.roles import menu_for
from leoflow_server.api.answers import answer
from leoflow_server.api.call import Operator, Viewer
from leoflow_server.api.ui.connection_types import CONNECTION_TYPES

router = APIRouter(prefix="/ui")


@router.get("/config")
async def get_configs(call: Viewer) -> Response:
    settings = call.services.settings
    name = settings.instance_name
    # The sanctioned place for our name; the badge says which edition this is.
    badge = f"{name} LITE" if settings.lite and "lite" not in name.lower() else name
    return answer(
        {
            "fallback_page_limit": 50,
            "auto_refresh_interval": 3,
            "hide_paused_dags_by_default": False,
            "instance_name": badge,
            "enable_swagger_ui": False,
            "require_confirmation_dag_change": False,
            "default_wrap": False,
            "test_connection": "Disabled",
            "dashboard_alert": [],
            "show_external_log_redirect": False,
            "external_log_name": None,
            "theme": None,
            "multi_team": False,
        }
    )


@router.get("/auth/me")
async def get_current_user_info(call: Viewer) -> Response:
    return answer({"id": str(call.user.pk), "username": call.user.username})


@router.get("/auth/menus")
async def get_auth_menus(call: Viewer) -> Response:
    return answer({"authorized_menu_items": menu_for(call.user.role), "extra_menu_items": []})


@router.get("/connections/hook_meta")
async def hook_meta_data(call: Operator) -> Response:
    return answer(CONNECTION_TYPES)


def _empty(path: str, value: Any, name: str) -> None:
    @router.get(path, name=name)
    async def get_nothing(call: Viewer) -> Response:
        return answer(value)


# Not there (yet), and truthfully so.
_empty("/teams", {"teams": [], "total_entries": 0}, "list_teams")
_empty("/partitioned_dag_runs", {"partitioned_dag_runs": [], "total": 0}, "get_partitioned_dag_runs")
