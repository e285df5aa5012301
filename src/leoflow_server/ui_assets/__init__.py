"""Airflow's built UI, fetched once out of Airflow's own wheel and verified; never part of Leoflow."""

from leoflow_server.ui_assets.fetching import SetupFailed, fetch
from leoflow_server.ui_assets.layout import LOGIN_FOLDER, MAIN_FOLDER, installed, ui_folder

__all__ = ["LOGIN_FOLDER", "MAIN_FOLDER", "SetupFailed", "fetch", "installed", "ui_folder"]
