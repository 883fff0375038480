"""The Evaluate tab in a browser: from prompts to a ranking with mouse and keyboard, and a file of prompts with its columns."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Playground

SCREENS = 20


def opened(open_page: OpenPage, app: Playground) -> Page:
    page = open_page(f"{app.address}/?tab=evaluate")
    expect(page.locator("#evaluate-example-set")).to_be_visible()
    return page


def vote(page: Page) -> None:
    """One screen by keyboard: best, worst where there are more than two, and the next one."""
    shown = page.locator(".choice")
    expect(shown.first).to_be_visible()
    expect(page.locator(".choice .label")).to_have_count(0)
    page.keyboard.press("1")
    if shown.count() > 2:
        page.keyboard.press("2")
    expect(page.locator(".choice .label").first).to_be_visible()
    page.keyboard.press("Space")


def test_a_first_visitor_gets_from_prompts_to_a_ranking(open_page: OpenPage, app: Playground) -> None:
    """Nothing is sent before the one click on the button that names the total; a reload brings everything back."""
    page, sent = opened(open_page, app), len(app.jobs)
    start = page.locator("#evaluate-start")
    expect(start).to_be_disabled()
    page.locator("#evaluate-prompts textarea").fill("A {red|blue} kite\nA boat\nA fox #sandbox:failed")
    expect(start).to_have_text("Start · 16 jobs · 80 credits · $0.80")
    assert len(app.jobs) == sent
    start.click()
    progress = page.locator(".progress-slot")
    expect(progress).to_contain_text("16 of 16 jobs")
    expect(progress).to_contain_text("Failed 4")
    assert len(app.jobs) == sent + 16
    expect(page.locator(".matrix [data-letter=d] img")).to_have_count(12)
    expect(progress.get_by_role("button", name="Retry 4 that failed · 20 credits")).to_be_visible()

    page.locator('.matrix [data-at="0"]').click()
    box = page.locator(".evaluation-box")
    expect(box.locator(".card")).to_have_count(1)
    expect(box).to_contain_text("1024 × 1024 PNG")
    page.keyboard.press("Escape")
    page.locator('.matrix [data-row="1"]').click()
    expect(box.locator(".card")).to_have_count(4)
    page.keyboard.press("Escape")

    with page.context.expect_page() as voting:
        page.locator(".vote-link").click()
    ballot = voting.value
    for _ in range(SCREENS):
        vote(ballot)
    ballot.close()
    ranking = page.locator(".results-slot")
    expect(ranking).to_contain_text(f"3 prompts, 1 voter, {SCREENS} votes")
    expect(ranking.locator(".decision-chart .point")).to_have_count(4)
    page.reload()
    expect(page.locator(".results-slot .decision-chart .point")).to_have_count(4)


def test_a_file_of_prompts_is_read_with_its_columns_on_screen(open_page: OpenPage, app: Playground, tmp_path: Path) -> None:
    """A wrong file says what is wrong and starts nothing; another column is chosen and read at once."""
    page = opened(open_page, app)
    choose = page.locator("#evaluate-file input[type=file]").first
    wrong, right = tmp_path / "wrong.csv", tmp_path / "prompts.csv"
    wrong.write_text("", encoding="utf-8")
    choose.set_input_files(wrong)
    expect(page.locator("#evaluate-file")).to_contain_text("the file is empty")
    right.write_text('scene;topic\n"A kite,\nred";sky\nA boat \u201cNora\u201d 🛶;sea\n', encoding="utf-8-sig")
    choose.set_input_files(right)
    expect(page.locator("#evaluate-file")).to_contain_text("no column is known to hold the prompts")
    expect(page.locator("#evaluate-start")).to_be_disabled()
    page.locator('#evaluate-file [data-part="prompt"]').select_option("scene")
    expect(page.locator("#evaluate-set")).to_contain_text("2 prompts from prompts.csv")
    expect(page.locator("#evaluate-start")).to_contain_text("8 jobs")
    page.locator("#evaluate-write").click()
    expect(page.locator("#evaluate-prompts textarea")).to_be_visible()
    expect(page.locator("#evaluate-start")).to_be_disabled()
