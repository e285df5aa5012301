import os


def load(payload):
    path = os.path.join(payload["code_path"], "dag.py")
    namespace = {"DAG_JSON": payload["dag_json"]}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), namespace)
    return namespace
