"""Generated from `schemas/agent.proto` by `make proto`; never edited."""
