"""A DAG's groups and edges as the grid and the graph draw them: pure functions of a spec."""
