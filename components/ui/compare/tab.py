"""The Compare tab: one shared form, any number of models, a card for each result."""

from __future__ import annotations

import gradio as gr

from components.catalog.parameters import Role
from components.comparisons.plan import plan_comparison
from components.errors import InputError, PlaygroundError
from components.playground import Playground
from components.ui.compare.display import CompareTab, show_added, show_changed, show_comparison, show_draft
from components.ui.compare.form import build_compare_form
from components.ui.compare.opening import default_draft, list_anew, open_listed
from components.ui.compare.share import build_share, publish, unpublish
from components.ui.events import DIRECT, EACH, LATEST, Updates, bind
from components.ui.header import Header, paying_visit
from components.ui.html import NAME_CLICK, SEND_CLICKS, html, send_as, soon
from components.ui.picker import build_several
from components.views.comparison import ORDERS, show_cards
from components.views.queries.compare import PublishedSource, read_choice, write_compare_query
from components.views.templates import render

# What is shown from the click until the server's first answer goes, and a phone is led to the cards.
ANSWERED = "() => window.playground.compareAnswered()"


def build_compare_tab(playground: Playground, header: Header) -> CompareTab:
    """Build and wire the tab."""
    with gr.Column(elem_id="compare"):
        form = build_compare_form(playground, default_draft(playground))
        with gr.Row(elem_id="compare-run"):
            plan = html(elem_id="mapping", on_load=send_as("followComparison"))
            start = gr.Button("Compare", variant="primary", size="lg", elem_id="compare-button")
    error = html(elem_id="compare-error")
    with gr.Row(elem_id="compare-toolbar"):
        with gr.Row(elem_id="compare-steps"):
            order = gr.Radio(
                list(ORDERS),
                value=ORDERS[0],
                label="Order",
                show_label=False,
                container=False,
                elem_id="compare-order",
                elem_classes="segments",
                visible=False,
            )
            retry = gr.Button("Retry", visible=False, size="sm", elem_id="compare-retry", min_width=120)
            stop = gr.Button("Stop all", visible=False, size="sm", elem_id="compare-stop", min_width=120)
        share = build_share(playground, header)
    html('<ul class="cards"></ul>', elem_id="compare-pending")
    cards = html(elem_id="cards")
    planned = html(elem_id="compare-planned")
    with gr.Row(elem_id="compare-more", visible=False) as more:
        another = build_several(playground.catalog, (), "compare-another", "Add models", picks=False)
        add = gr.Button("Add", size="sm", elem_id="compare-add", min_width=120, visible=False)
        unfit = html(elem_id="compare-unfit")
    earlier = html(elem_id="compare-earlier", on_load=SEND_CLICKS)
    tab = CompareTab(
        playground=playground,
        header=header,
        form=form,
        plan=plan,
        error=error,
        start=start,
        order=order,
        retry=retry,
        stop=stop,
        cards=cards,
        planned=planned,
        earlier=earlier,
        more=more,
        another=another,
        add=add,
        unfit=unfit,
        share=share,
        source=gr.State(PublishedSource()),
        click=gr.Textbox(visible="hidden"),
    )
    for change in header.changes:
        change.then(bind(follow, tab), tab.follows, tab.beside_form, **LATEST)
    gr.on([part.change for part in form.controls], None, None, js=soon("followComparison"), **DIRECT)
    # The spending line changes with every charge, and with the key.
    gr.on([plan.input, header.spend.change], bind(follow, tab), tab.follows, tab.beside_form, **LATEST)
    reads = {*form.controls, form.lock, tab.click, *tab.reads}
    started = start.click(bind(compare, tab), reads, {*tab.shown, form.roles[Role.SEED]}, js=NAME_CLICK, **EACH)
    started.then(None, None, None, js=ANSWERED, **DIRECT)
    tab.watched(started)
    started.then(bind(list_anew, tab), {header.visit, share.comparison}, {earlier}, **LATEST)
    tab.watched(earlier.select(bind(open_listed, tab), {header.visit}, tab.parts, **EACH))
    tab.watched(retry.click(bind(retry_failed, tab), tab.reads, tab.shown, **DIRECT))
    tab.watched(add.click(bind(add_models, tab), {*tab.reads, another.box}, tab.shown, **DIRECT))
    another.box.change(bind(quote_added, tab), {*tab.reads, another.box}, tab.adding, **LATEST)
    shared = share.published
    tab.watched(share.publish.click(bind(publish, share), {share.comparison, header.visit}, shared, **DIRECT))
    tab.watched(share.unpublish.click(bind(unpublish, share), {share.comparison, header.visit}, shared, **DIRECT))
    form.lock.input(bind(keep_seed, tab), {*tab.reads, form.lock, form.roles[Role.SEED]}, form.roles[Role.SEED], **LATEST)
    stop.click(bind(stop_all, tab), tab.reads, tab.shown, **DIRECT)
    order.input(bind(reorder_cards, tab), tab.reads, {cards}, **LATEST)
    return tab


# -- handlers -------------------------------------------------------------------------------------


async def follow(tab: CompareTab, given: Updates) -> Updates:
    """Update the plan for the form. Sends nothing."""
    return await show_draft(tab, tab.form.read(given), given[tab.source], given[tab.header.visit])


async def compare(tab: CompareTab, given: Updates, request: gr.Request) -> Updates:
    """Send the requests. Without a seed in the form, one is drawn for all models that take one."""
    tab.latest.start(request)
    playground, visit, draft = tab.playground, paying_visit(tab.header, given, request), tab.form.read(given)
    key = f"{given[tab.click]} {write_compare_query(draft)}"  # another form is another comparison
    try:
        choices = draft.choices(playground.catalog)
        started = await playground.compare(choices, draft.shared, draft.samples, visit, key, new_seed=True)
        comparison, entries = await playground.comparisons.with_entries(started.id, visit.visitor)
    except PlaygroundError as error:
        return {tab.error: render("note", text=str(error.problem))}
    return {
        **await show_comparison(tab, comparison, entries, given[tab.order], visit, fresh=True),
        tab.form.roles[Role.SEED]: comparison.shared.get("seed") if given[tab.form.lock] else gr.skip(),
        tab.error: "",
    }


async def keep_seed(tab: CompareTab, given: Updates) -> Updates:
    """The seed of the comparison that is shown, put into the form if it is locked."""
    field, before = tab.form.roles[Role.SEED], given[tab.form.roles[Role.SEED]]
    try:
        comparison = await tab.playground.comparisons.find(given[tab.share.comparison], given[tab.header.visit].visitor)
    except PlaygroundError:
        return {field: gr.skip()}
    drawn = comparison.shared.get("seed")
    if given[tab.form.lock]:
        return {field: drawn if before is None else before}
    return {field: None if before == drawn else before}


async def retry_failed(tab: CompareTab, given: Updates, request: gr.Request) -> Updates:
    """Send again what failed."""
    tab.latest.start(request)
    visit = paying_visit(tab.header, given, request)
    return await show_changed(tab, tab.playground.retry(given[tab.share.comparison], visit), given)


async def add_models(tab: CompareTab, given: Updates, request: gr.Request) -> Updates:
    """A card for each model that is chosen below the cards."""
    tab.latest.start(request)
    visit = paying_visit(tab.header, given, request)
    try:
        choices = [read_choice(tab.playground.catalog, text) for text in tab.another.read(given)]
    except InputError as error:
        return {tab.unfit: render("note", text=error.what)}
    adding = tab.playground.add_models(given[tab.share.comparison], choices, visit)
    updates = await show_changed(tab, adding, given)
    return {**updates, **show_added(tab, None)} if tab.cards in updates else updates


async def quote_added(tab: CompareTab, given: Updates) -> Updates:
    """What the models chosen below the cards would cost in this comparison, or why they cannot draw it."""
    try:
        comparison = await tab.playground.comparisons.find(given[tab.share.comparison], given[tab.header.visit].visitor)
        choices = [read_choice(tab.playground.catalog, text) for text in tab.another.read(given)]
        plan = plan_comparison(tab.playground.catalog, choices, comparison.shared)
        return show_added(tab, await tab.playground.fit_comparison(plan, given[tab.header.visit]))
    except PlaygroundError as error:
        return {tab.add: gr.update(visible=False), tab.unfit: render("note", text=str(error.problem))}


async def stop_all(tab: CompareTab, given: Updates) -> Updates:
    """Stop every active job of the comparison."""
    stopping = tab.playground.comparisons.stop(given[tab.share.comparison], given[tab.header.visit].visitor)
    return await show_changed(tab, stopping, given)


async def reorder_cards(tab: CompareTab, given: Updates) -> Updates:
    """The cards in another order."""
    try:
        shown, visitor = given[tab.share.comparison], given[tab.header.visit].visitor
        comparison, entries = await tab.playground.comparisons.with_entries(shown, visitor)
        return {
            tab.cards: show_cards(tab.playground.catalog, comparison, entries, tab.playground.jobs.timing, given[tab.order])
        }
    except PlaygroundError:
        return {tab.cards: gr.skip()}
