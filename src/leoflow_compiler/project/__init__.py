"""Projects: `leoflow.yaml`, the files of the bundle, and where each setting was written."""

from leoflow_compiler.project.discover import find_projects
from leoflow_compiler.project.load import load_project
from leoflow_compiler.project.records import (
    CONFIG_FILE,
    BuildConfig,
    Project,
    ProjectConfig,
    RegistryConfig,
)

__all__ = [
    "CONFIG_FILE",
    "BuildConfig",
    "Project",
    "ProjectConfig",
    "RegistryConfig",
    "find_projects",
    "load_project",
]
