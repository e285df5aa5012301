"""The agent: takes launches from the control plane, runs each through a zygote, and reports how it ended."""
