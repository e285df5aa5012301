"""The HTTP application: which routes there are, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from leoflow_server.api import errors, login, pages
from leoflow_server.api.airflow import (
    absent,
    actions,
    assets,
    backfills,
    bulk_instances,
    connections,
    dags,
    instances,
    logs,
    monitor,
    pools,
    runs,
    variables,
    xcoms,
)
from leoflow_server.api.leoflow import channels, versions
from leoflow_server.api.shield import Shield
from leoflow_server.api.specs import Specs
from leoflow_server.api.ui import dags as ui_dags
from leoflow_server.api.ui import dashboard, deadlines, dependencies, frame, grid

if TYPE_CHECKING:
    from leoflow_server.services import Services

# What an open page polls comes first; the pages of the UI swallow every other path, so they come last.
ROUTERS = (
    grid.router,
    runs.router,
    logs.router,
    xcoms.router,
    instances.router,
    actions.router,
    bulk_instances.router,
    absent.router,
    assets.router,
    backfills.router,
    ui_dags.router,
    deadlines.router,
    dependencies.router,
    frame.router,
    dashboard.router,
    versions.router,
    channels.router,
    dags.router,
    monitor.router,
    variables.router,
    connections.router,
    pools.router,
    login.router,
    pages.router,
)


def create_api(services: Services) -> FastAPI:
    """The application over these services. It starts and stops nothing."""
    app = FastAPI(title="Leoflow", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    app.state.specs = Specs()
    app.state.base_path = "/" + services.settings.base_path.strip("/") + "/"
    if app.state.base_path == "//":
        app.state.base_path = "/"
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Shield, base_path=app.state.base_path, metrics=services.metrics)
    return app
