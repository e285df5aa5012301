"""One HTTP request, and a task that says what came back."""

from airflow.sdk import DAG, task

with DAG("http_jsonplaceholder", schedule=None, catchup=False, tags=["example"]):

    @task(retries=2)
    def fetch() -> list:
        import requests

        answer = requests.get("https://jsonplaceholder.typicode.com/posts", timeout=30)
        answer.raise_for_status()
        return [{"user": post["userId"], "words": len(post["body"].split())} for post in answer.json()]

    @task
    def summarize(posts: list) -> dict:
        words: dict[str, int] = {}
        for post in posts:
            user = str(post["user"])
            words[user] = words.get(user, 0) + post["words"]
        return words

    summarize(fetch())
