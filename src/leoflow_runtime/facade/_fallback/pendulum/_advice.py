"""What is said of everything else."""

from __future__ import annotations


def advice(name: str) -> str:
    return (
        f"{name} is not part of Leoflow's stand-in for Pendulum: "
        "add pendulum to `dependencies` in leoflow.yaml."
    )
