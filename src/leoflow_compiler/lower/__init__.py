"""From the evaluated graph and leoflow.yaml to `dag.json`."""
