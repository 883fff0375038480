"""An application with another catalog than ships, and little patience: what is not known, retired, or never ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, Playground, button, fill_prompt, generate, playground, state_label
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def hurried(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """An application that waits two seconds for a task; one of its models states no time, one is retired."""
    folder, entries = tmp_path_factory.mktemp("hurried"), yaml.safe_load((ROOT / "catalog.yaml").read_bytes())
    named = {entry["id"]: entry for entry in entries["models"]}
    del named["ideogram-v4"]["seconds"]
    named["cogview-4"] |= {"status": "retired", "replaced_by": "flux-2"}
    changed = folder / "catalog.yaml"
    changed.write_text(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True), encoding="utf-8")
    with playground(folder, PLAYGROUND_CATALOG=str(changed), PLAYGROUND_DEADLINE_S="2") as running:
        yield running


def test_a_retired_model_is_not_offered_unknown_values_are_a_dash_and_a_late_task_can_be_looked_at_again(
    open_page: OpenPage, hurried: Playground
) -> None:
    page = open_page(f"{hurried.address}/?model=cogview-4&prompt=A+cat")
    _expect_another_model_instead_of_the_retired_one(page)
    _expect_unknown_values_to_sort_last_and_be_a_dash(page)
    page.get_by_role("tab", name="Generate").click()
    _task_that_never_ends_is_still_running_and_can_be_looked_at_again(page, hurried)
    _picture_that_is_late_is_looked_for_again_when_the_page_is_opened(page, hurried)
    assert "Traceback" not in hurried.log


def _expect_another_model_instead_of_the_retired_one(page: Page) -> None:
    expect(page.locator("#banner")).to_contain_text("CogView 4 has been retired. This is Flux 2 instead.")
    expect(button(page)).to_contain_text("Generate · 5 credits")
    page.get_by_role("tab", name="Models & prices").click()
    expect(page.locator("#models-table tbody tr")).to_have_count(10)
    expect(page.locator("#models-table")).not_to_contain_text("CogView 4")


def _expect_unknown_values_to_sort_last_and_be_a_dash(page: Page) -> None:
    seconds = page.locator('#models-table th[data-sort="Seconds"]')
    seconds.click()
    expect(seconds).to_have_attribute("aria-sort", "ascending")
    rows = page.locator("#models-table tbody tr")
    expect(rows.last.locator("th, td").first).to_contain_text("Ideogram V4")
    times = rows.locator(":is(th, td):nth-child(3)").all_inner_texts()
    assert times[-1].strip() == "—"
    assert not [text for text in times[:-1] if "—" in text]


def _task_that_never_ends_is_still_running_and_can_be_looked_at_again(page: Page, hurried: Playground) -> None:
    fill_prompt(page, "A lake #sandbox:never")
    generate(page, "Still running")
    expect(page.locator("#result .problem")).to_contain_text("Nothing was charged. Check again.")
    task, jobs = page.locator("#result .task code").inner_text(), hurried.jobs
    whole = page.locator("#result .task [data-copy]").get_attribute("data-copy") or "none"
    expect(page.locator("#result .problem-what")).to_contain_text(whole)
    page.get_by_role("button", name="Check again").click()
    expect(state_label(page)).to_have_text("Running")
    expect(state_label(page)).to_have_text("Still running")
    expect(page.locator("#result .task code")).to_have_text(task)
    assert hurried.jobs == jobs


def _picture_that_is_late_is_looked_for_again_when_the_page_is_opened(page: Page, hurried: Playground) -> None:
    fill_prompt(page, "A lake #sandbox:gone")
    generate(page, "Not saved yet")
    expect(page.get_by_role("button", name="Check again")).to_be_visible()
    jobs = hurried.jobs
    page.reload()
    expect(state_label(page)).to_have_text(re.compile("^(Running|Saving)$"))
    assert hurried.jobs == jobs
