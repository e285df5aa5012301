"""The definitions of the dialect: DAGs, groups, tasks and what connects them."""
