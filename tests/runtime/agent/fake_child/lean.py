import json
import os


def prepare():
    return None


def run(built, launch, directory, output):
    task = built[launch["task_id"]]
    if not getattr(task, "never_starts", False):
        with open(os.path.join(directory, "started"), "w"):
            pass
    result = task(launch, directory)
    if result is None:
        result = {"outcome": "success"}
    if result:
        temporary = os.path.join(directory, "result.tmp")
        with open(temporary, "w") as file:
            json.dump(result, file)
        os.rename(temporary, os.path.join(directory, "result.json"))
    return 0
