"""Throw darts at a square in four processes, then join the counts. Seeds make it repeatable."""

import random

from airflow.sdk import DAG, task

DARTS = 50_000

with DAG("montecarlo_pi", schedule=None, catchup=False, tags=["example"]):

    @task
    def estimate(seed: int) -> int:
        dice = random.Random(seed)
        return sum(dice.random() ** 2 + dice.random() ** 2 <= 1.0 for _ in range(DARTS))

    @task
    def combine(parts: list) -> float:
        pi = 4 * sum(parts) / (DARTS * len(parts))
        print(f"pi is about {pi:.4f}")
        return pi

    combine([estimate(seed=seed) for seed in range(4)])
