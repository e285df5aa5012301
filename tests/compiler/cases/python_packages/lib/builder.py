from airflow.sdk import DAG, TaskGroup
from lib.core import make_task
class Builder:
    def __init__(self, dag_id): self._id = dag_id; self._tasks = []; self._edges = []
    def task(self, n, after=()):
        self._tasks.append(n); self._edges.extend((a, n) for a in after)
        return self
    def __enter__(self):
        self.dag = DAG(self._id); self.dag.__enter__(); return self
    def __exit__(self, *exc):
        self.dag.__exit__(*exc)
    def __call__(self):
        made = {n: make_task(n) for n in self._tasks}
        for a, b in self._edges: made[a].set_downstream(made[b])
        return made
    def __len__(self): return len(self._tasks)
    def __getitem__(self, i): return self._tasks[i]
    def __iter__(self): return iter(self._tasks)
    def __contains__(self, x): return x in self._tasks
