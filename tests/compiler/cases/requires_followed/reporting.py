from airflow.providers.slack.hooks.slack import SlackHook

import greetings


def send():
    SlackHook().call("chat.postMessage", json={"text": greetings.TEXT})
