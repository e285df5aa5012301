"""Airflow's four roles, each including the ones before it."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    VIEWER = 1  # reads DAGs, runs, logs, pools, configuration
    USER = 2  # triggers, clears, marks, pauses; XComs
    OP = 3  # variables, connections, pools, registration
    ADMIN = 4  # users

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Role:
        """Raises ValueError naming the roles that exist."""
        try:
            return cls[text.upper()]
        except KeyError:
            known = ", ".join(role.label for role in cls)
            raise ValueError(f"{text!r} is no role: choose one of {known}") from None


# The entries of the UI's navigation and the role from which on each is shown.
MENU: dict[str, Role] = {
    "Assets": Role.VIEWER,
    "Audit Log": Role.VIEWER,
    "Config": Role.VIEWER,
    "Connections": Role.OP,
    "Dags": Role.VIEWER,
    "Docs": Role.VIEWER,
    "Jobs": Role.VIEWER,
    "Plugins": Role.VIEWER,
    "Pools": Role.VIEWER,
    "Providers": Role.VIEWER,
    "Required Actions": Role.VIEWER,
    "Variables": Role.OP,
    "XComs": Role.VIEWER,
}


def menu_for(role: Role) -> list[str]:
    """The names that the UI's menu shows to `role`."""
    return [name for name, least in MENU.items() if role >= least]
