"""Ask an API for its users, choose one, then ask for that user's details."""

from airflow.sdk import DAG, task

API = "https://jsonplaceholder.typicode.com"

with DAG("api_chain", schedule=None, catchup=False, tags=["example"]):

    @task
    def pick_user() -> int:
        import requests

        answer = requests.get(f"{API}/users", timeout=30)
        answer.raise_for_status()
        busiest = max(answer.json(), key=lambda user: len(user["company"]["catchPhrase"]))
        print(f"chose {busiest['name']}")
        return busiest["id"]

    @task
    def fetch_detail(user_id: int) -> dict:
        import requests

        answer = requests.get(f"{API}/users/{user_id}", timeout=30)
        answer.raise_for_status()
        user = answer.json()
        return {"name": user["name"], "city": user["address"]["city"]}

    fetch_detail(pick_user())
