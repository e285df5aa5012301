"""A person's first ten minutes with the UI, in Debian's Chromium."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from tests.acceptance.driving import ROOT, UI, Lite, Machine

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
IMAGES = ROOT / "docs" / "images"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the package 'chromium'"),
    pytest.mark.skipif(not UI.is_dir(), reason="the UI is not there: make ui"),
]

DAG = """\
from airflow.sdk import DAG, task

with DAG("greeting", schedule=None, tags=["demo"]):

    @task
    def greet(name: str) -> str:
        return f"Hello, {name}!"

    @task
    def shout(message: str) -> str:
        print(message.upper())
        return message.upper()

    shout(greet("world"))
"""


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()


def picture(page: Page, name: str) -> None:
    if os.environ.get("LEOFLOW_SCREENSHOTS") == "1":
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / f"{name}.png")


def log_in(page: Page, lite: Lite) -> None:
    page.goto(lite.url)
    page.get_by_label("Username").or_(page.locator("input[name=username]")).first.fill("admin")
    page.locator("input[type=password]").first.fill(lite.password)
    picture(page, "login")
    page.get_by_role("button", name=re.compile("sign in|log in", re.IGNORECASE)).first.click()
    page.wait_for_url(lambda url: "login" not in url)


def test_log_in_trigger_and_read(machine: Machine, page: Page) -> None:
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location.get('url')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    machine.project("greeting", DAG)
    with machine.lite() as lite:
        lite.wait_for_dag("greeting")
        log_in(page, lite)
        # Asked without a login, the UI finds out by a 401, on Airflow itself too.
        assert [complaint for complaint in complaints if "401" not in complaint] == []
        complaints.clear()
        page.goto(f"{lite.url}/dags")
        expect(page.get_by_role("link", name="greeting").first).to_be_visible()
        picture(page, "dags")

        # Trigger from the DAG's page, with the dialog that people use.
        page.goto(f"{lite.url}/dags/greeting")
        page.get_by_role("button", name=re.compile("trigger", re.IGNORECASE)).first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name=re.compile("^trigger", re.IGNORECASE)).last.click()
        expect(dialog).to_be_hidden()

        # The grid turns green by itself.
        page.goto(f"{lite.url}/dags/greeting")
        expect(page.get_by_text("shout").first).to_be_visible()
        run_id = lite.get("/api/v2/dags/greeting/dagRuns")["dag_runs"][0]["dag_run_id"]
        assert lite.finish("greeting", run_id) == "success"
        expect(page.locator("a[href*='/tasks/shout']").first).to_be_visible()
        expect(page.get_by_text("Success").or_(page.get_by_label("success")).first).to_be_visible()
        picture(page, "grid")

        # The log says what the task printed.
        page.goto(f"{lite.url}/dags/greeting/runs/{run_id}/tasks/shout")
        expect(page.get_by_text("HELLO, WORLD!").first).to_be_visible()
        picture(page, "log")

        # The XCom is what it returned.
        page.goto(f"{lite.url}/dags/greeting/runs/{run_id}/tasks/shout/xcom")
        expect(page.get_by_text("return_value").first).to_be_visible()
        expect(page.get_by_text("HELLO, WORLD!").first).to_be_visible()
        picture(page, "xcom")
    assert complaints == []


def test_the_instances_of_a_mapped_task_and_group(machine: Machine, page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    shutil.copytree(ROOT / "examples" / "mapped_search", machine.workspace / "mapped_search")
    with machine.lite() as lite:
        lite.wait_for_dag("mapped_search", seconds=60)
        run_id = lite.trigger("mapped_search")
        assert lite.finish("mapped_search", run_id, seconds=90) == "success"
        log_in(page, lite)
        run = f"{lite.url}/dags/mapped_search/runs/{run_id}"

        page.goto(f"{run}/tasks/trial/mapped")
        expect(page.get_by_text("Task Instances [6]")).to_be_visible()
        expect(page.get_by_text("lr 0.1, 60 steps")).to_be_visible()
        picture(page, "mapped")
        page.goto(f"{run}/tasks/group/check")
        expect(page.get_by_role("link", name="check.verdict")).to_have_count(3)
        page.goto(f"{run}/tasks/trial/mapped/2/xcom")
        expect(page.get_by_text("return_value").first).to_be_visible()
    assert complaints == []
