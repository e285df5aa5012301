"""Dynamic task mapping: how many trials there are is known when the run has looked for what to try."""

import random

from airflow.sdk import DAG, get_current_context, task, task_group

with DAG("mapped_search", schedule=None, catchup=False, tags=["example"]):

    @task
    def grid() -> list:
        """What to try: today's candidates, whatever they are."""
        return [{"lr": lr, "steps": steps} for lr in (0.001, 0.1, 0.5) for steps in (20, 60)]

    @task(map_index_template="{{ trial_name }}", max_active_tis_per_dagrun=4)
    def trial(lr: float, steps: int, points: int) -> dict:
        """Fits y = 3x + 2 by gradient descent."""
        get_current_context()["trial_name"] = f"lr {lr}, {steps} steps"
        dice = random.Random(42)
        data = [(x / points, 3 * x / points + 2 + dice.gauss(0, 0.1)) for x in range(points)]
        slope = intercept = 0.0
        for _ in range(steps):
            errors = [(slope * x + intercept - y, x) for x, y in data]
            slope -= lr * 2 * sum(error * x for error, x in errors) / points
            intercept -= lr * 2 * sum(error for error, _ in errors) / points
        return {"lr": lr, "steps": steps, "loss": sum((slope * x + intercept - y) ** 2 for x, y in data)}

    @task
    def best_three(trials: list) -> list:
        return sorted(trials, key=lambda result: result["loss"])[:3]

    @task_group
    def check(candidate: dict, digits: int):
        """A whole group for each of the best: its tasks depend on each other index by index."""

        @task
        def rounded(candidate: dict, digits: int) -> float:
            return round(candidate["loss"], digits)

        @task
        def verdict(candidate: dict, loss: float) -> str:
            return f"lr {candidate['lr']} with {candidate['steps']} steps: {loss}"

        return verdict(candidate, rounded(candidate, digits))

    @task
    def report(verdicts: list) -> None:
        for place, text in enumerate(verdicts, start=1):
            print(f"{place}. {text}")

    trials = trial.partial(points=100).expand_kwargs(grid())
    report(check.partial(digits=4).expand(candidate=best_three(trials)))
