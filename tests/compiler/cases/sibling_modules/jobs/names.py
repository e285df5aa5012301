def task_id(name):
    return "job_" + name
