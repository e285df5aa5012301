"""The machine that runs compiled DAGs: artifact, planner, executors, and the side inside the image."""
