"""What can be done with a comparison that has pictures: two of them in a slider, a report, a ZIP, a public address."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.comparisons.comparison import Comparison
from components.errors import PlaygroundError
from components.jobs.job import Job
from components.pictures.stored import StoredPicture
from components.playground import Playground
from components.ui.events import DIRECT, LATEST, Updates, bind
from components.ui.header import Header
from components.ui.html import html
from components.views.comparison import card_name, show_links, show_public
from components.views.templates import render

PIN = "Use as samples of this page"
WHAT_PUBLISHING_SHOWS = (
    "Anyone with the link will see the prompt, the settings, the pictures and the prices, until you unpublish it. "
    "Who you are, your notes and your input pictures stay private."
)


@dataclass(frozen=True)
class Share:
    """The components below the cards. ``comparison`` holds the id of the comparison that is shown, or "".

    ``left`` and ``right`` hold the names of the two pictures in the slider, or None.
    """

    playground: Playground
    header: Header
    comparison: gr.State
    accordion: gr.Accordion
    left: gr.Dropdown
    right: gr.Dropdown
    slider: gr.HTML
    row: gr.Row
    links: gr.HTML
    ask: gr.Button
    confirm: gr.Row
    publish: gr.Button
    unpublish: gr.Button
    public: gr.HTML
    pin: gr.Button

    @property
    def parts(self) -> set[Any]:
        """What :func:`show_share` updates."""
        shown = {self.accordion, self.left, self.right, self.slider, self.row, self.links}
        return {*shown, *self.published}

    @property
    def published(self) -> set[Any]:
        """What publishing and taking back update."""
        return {self.ask, self.confirm, self.unpublish, self.public}


@dataclass(frozen=True)
class Side:
    """A picture that the slider can show: the name of its card, and which of the ``count`` pictures on the card it is."""

    card: str
    index: int
    count: int
    picture: StoredPicture

    @property
    def label(self) -> str:
        """``2. Flux 2``, ``3. Imagen 4 (1)``."""
        return f"{self.card} ({self.index})" if self.count > 1 else self.card


def build_share(playground: Playground, header: Header) -> Share:
    """Build and wire the end of the toolbar and what it opens; :mod:`tab` wires what changes the comparison itself."""
    with gr.Row(elem_id="compare-share", visible=False) as row:
        links = html(elem_id="compare-links")
        ask = gr.Button("Publish…", size="sm", elem_id="publish-open", min_width=100)
        unpublish = gr.Button("Unpublish", size="sm", visible=False, elem_id="unpublish-button", min_width=100)
        pin = gr.Button(PIN, size="sm", visible=False, elem_id="pin-button", min_width=120)
    with gr.Row(elem_id="publish-confirm", visible=False) as confirm:
        html(render("note", text=WHAT_PUBLISHING_SHOWS))
        publish = gr.Button("Publish", variant="primary", size="sm", elem_id="publish-button", min_width=100)
        keep = gr.Button("Cancel", size="sm", min_width=100)
    public = html(elem_id="compare-public")
    with gr.Accordion("Two side by side", open=False, visible=False, elem_id="side-by-side") as accordion:
        with gr.Row():
            left = gr.Dropdown([], label="Left", elem_id="slider-left")
            right = gr.Dropdown([], label="Right", elem_id="slider-right")
        slider = html(elem_id="slider")
    share = Share(
        playground=playground,
        header=header,
        comparison=gr.State(""),
        accordion=accordion,
        left=left,
        right=right,
        slider=slider,
        row=row,
        links=links,
        ask=ask,
        confirm=confirm,
        publish=publish,
        unpublish=unpublish,
        public=public,
        pin=pin,
    )
    reads = {left, right, share.comparison, header.visit}
    gr.on([left.input, right.input], bind(show_chosen, share), reads, {slider}, **LATEST)
    accordion.expand(bind(show_first_two, share), reads, {left, right, slider}, **DIRECT)
    ask.click(lambda: gr.update(visible=True), None, confirm, **DIRECT)
    keep.click(lambda: gr.update(visible=False), None, confirm, **DIRECT)
    pin.click(bind(pin_samples, share), {share.comparison, header.visit}, {public, pin}, **DIRECT)
    return share


async def offer_pin(share: Share, given: Updates) -> Updates:
    """The button for the host, whose own key this page holds, under a comparison with pictures of real models."""
    if not share.playground.accounts.is_host(given[share.header.visit].key):
        return {share.pin: gr.update(visible=False)}
    try:
        shown, visitor = given[share.comparison], given[share.header.visit].visitor
        _, jobs = await share.playground.comparisons.with_jobs(shown, visitor)
    except PlaygroundError:
        return {share.pin: gr.update(visible=False)}
    real = any(job.payer != "sandbox" and job.pictures for job in jobs.values())
    return {share.pin: gr.update(visible=real, value=PIN)}


async def pin_samples(share: Share, given: Updates) -> Updates:
    """Show the comparison's pictures on the models' cards, to every visitor."""
    try:
        await share.playground.pin_samples(given[share.comparison], given[share.header.visit].key)
    except PlaygroundError as error:
        return {share.public: render("note", text=str(error.problem))}
    return {share.pin: gr.update(value="These are the samples of this page now")}


def show_share(share: Share, comparison: Comparison, jobs: Mapping[str, Job], *, fresh: bool) -> Updates:
    """Updates of ``share.parts``. ``fresh``: it is another comparison than before, of which nothing is in the slider yet."""
    choices = [(side.label, side.picture.name) for side in _sides(share, comparison, jobs)]
    ended = bool(choices) and all(job.settled for job in jobs.values())
    # A choice that stays behind is refused by the dropdown that it is no choice of any more.
    emptied: dict[str, Any] = {"value": None} if fresh else {}
    return {
        share.accordion: gr.update(visible=True, **({"open": False} if fresh else {})),
        share.left: gr.update(choices=choices, **emptied),
        share.right: gr.update(choices=choices, **emptied),
        **({share.slider: ""} if fresh else {}),
        share.row: gr.update(visible=True),
        share.links: show_links(comparison, jobs),
        **_show_published(share, comparison, ended=ended),
        **({share.confirm: gr.update(visible=False)} if fresh else {}),
    }


def _show_published(share: Share, comparison: Comparison, *, ended: bool = True) -> Updates:
    """Its public address with the Unpublish button, or the Publish button once its jobs have ``ended``."""
    return {
        share.ask: gr.update(visible=ended and not comparison.token),
        share.unpublish: gr.update(visible=bool(comparison.token)),
        share.public: show_public(comparison),
    }


async def show_chosen(share: Share, given: Updates) -> Updates:
    """The two chosen pictures in the slider, if both are still in the comparison."""
    sides = {side.picture.name: side for side in await _own_sides(share, given)}
    left, right = sides.get(given[share.left]), sides.get(given[share.right])
    return {share.slider: _slider(left, right) if left and right else gr.skip()}


async def show_first_two(share: Share, given: Updates) -> Updates:
    """Two pictures for the slider until others are chosen, of two cards if possible."""
    if given[share.left] or given[share.right]:
        return {share.slider: gr.skip()}
    sides = {side.picture.name: side for side in sorted(await _own_sides(share, given), key=lambda side: side.index > 1)}
    if len(sides) < 2:
        return {share.slider: gr.skip()}
    left, right, *_ = sides.values()
    return {share.left: left.picture.name, share.right: right.picture.name, share.slider: _slider(left, right)}


async def _changed(share: Share, change: Awaitable[Comparison]) -> Updates:
    """The comparison after it was published or unpublished, or why that failed."""
    try:
        return {**_show_published(share, await change), share.confirm: gr.update(visible=False)}
    except PlaygroundError as error:
        return {share.public: render("note", text=str(error.problem))}


async def publish(share: Share, given: Updates) -> Updates:
    """Publish the comparison."""
    comparisons, visitor = share.playground.comparisons, given[share.header.visit].visitor
    return await _changed(share, comparisons.publish(given[share.comparison], visitor))


async def unpublish(share: Share, given: Updates) -> Updates:
    """Take the comparison back."""
    comparisons, visitor = share.playground.comparisons, given[share.header.visit].visitor
    return await _changed(share, comparisons.unpublish(given[share.comparison], visitor))


async def _own_sides(share: Share, given: Updates) -> list[Side]:
    """What the slider can show; nothing of a comparison that is not this visitor's."""
    try:
        shown, visitor = given[share.comparison], given[share.header.visit].visitor
        return _sides(share, *await share.playground.comparisons.with_jobs(shown, visitor))
    except PlaygroundError:
        return []


def _sides(share: Share, comparison: Comparison, jobs: Mapping[str, Job]) -> list[Side]:
    """Every picture, in the order of the cards."""
    pictured = [(card, job) for card in comparison.cards if (job := jobs.get(card.job)) and job.pictures]
    return [
        Side(f"{number}. {card_name(share.playground.catalog, card)}", index, len(job.pictures), picture)
        for number, (card, job) in enumerate(pictured, 1)
        for index, picture in enumerate(job.pictures, 1)
    ]


def _slider(left: Side, right: Side) -> str:
    return render(
        "slider", left=left, right=right, ratio=left.picture.width / left.picture.height if left.picture.height else 1.0
    )
