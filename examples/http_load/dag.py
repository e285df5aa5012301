"""Send a document to the service behind the connection `http_target` and check that it arrived."""

import json
import os
from base64 import b64encode
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import Request, urlopen

from airflow.sdk import DAG, task

with DAG("http_load", schedule=None, catchup=False, tags=["example"]):

    @task
    def post_and_check() -> int:
        # A connection reaches its task as one URI; `__extra__` holds what has no place in it.
        target = urlsplit(os.environ["AIRFLOW_CONN_HTTP_TARGET"])
        extra = json.loads(parse_qs(target.query).get("__extra__", ["{}"])[0])
        headers = {"Content-Type": "application/json", **extra.get("headers", {})}
        if target.username:
            login = f"{unquote(target.username)}:{unquote(target.password or '')}"
            headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
        scheme = "https" if target.scheme == "https" or target.port in (None, 443) else "http"
        port = f":{target.port}" if target.port else ""
        document = {"sent_by": "leoflow", "values": [1, 2, 3]}
        request = Request(
            f"{scheme}://{target.hostname}{port}/post", json.dumps(document).encode(), headers, method="POST"
        )
        with urlopen(request, timeout=30) as answer:
            echoed = json.load(answer)["json"]
        assert echoed == document, f"sent {document}, got back {echoed}"
        return len(document["values"])

    post_and_check()
