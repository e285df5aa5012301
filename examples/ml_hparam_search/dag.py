"""Hyper-parameter search: one trial a learning rate, each in its own process; then the best is chosen."""

import random

from airflow.sdk import DAG, task

LEARNING_RATES = [0.001, 0.01, 0.1, 0.5, 1.1]

with DAG("ml_hparam_search", schedule=None, catchup=False, tags=["example"]):

    @task
    def trial(lr: float) -> dict:
        """Fits y = 3x + 2 by gradient descent; too small a rate is slow, too large a one runs away."""
        dice = random.Random(42)
        points = [(x / 50, 3 * x / 50 + 2 + dice.gauss(0, 0.1)) for x in range(100)]
        slope = intercept = 0.0
        for _ in range(60):
            errors = [(slope * x + intercept - y, x) for x, y in points]
            slope -= lr * 2 * sum(error * x for error, x in errors) / len(points)
            intercept -= lr * 2 * sum(error for error, _ in errors) / len(points)
        loss = sum((slope * x + intercept - y) ** 2 for x, y in points) / len(points)
        print(f"lr={lr}: loss {loss:.4g}")
        return {"lr": lr, "loss": loss}

    @task
    def select_best(trials: list) -> dict:
        best = min(trials, key=lambda result: result["loss"])
        print(f"best learning rate: {best['lr']}")
        return best

    select_best([trial(lr) for lr in LEARNING_RATES])
