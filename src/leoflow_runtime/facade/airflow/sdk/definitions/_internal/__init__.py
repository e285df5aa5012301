"""Inside the dialect; not for DAG files."""
