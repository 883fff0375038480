"""What can be done with a result, as one row of buttons that is the same wherever the result is shown.

A click is sent by ``ui/assets/actions.js`` to ``ui/result_actions.py``: no page that shows the row wires anything.
"""

from __future__ import annotations

from markupsafe import Markup

from components.catalog.forms import form_settings
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.requests import find_model
from components.errors import InputError
from components.jobs.job import Job, JobState
from components.jobs.transitions import UNDECIDED
from components.pictures.uploads import FORMATS
from components.views.queries.generate import write_generate_query
from components.views.recipe import recipe_of
from components.views.templates import render


def show_actions(catalog: Catalog, job: Job, *, starred: bool = False, opens: bool = True) -> Markup:
    """The row for a job. ``opens``: with a button that opens it in Generate, where it is not shown there already."""
    row = render(
        "actions",
        job=job,
        starred=starred,
        opens=opens,
        with_settings=FORMATS,
        inputs=[
            number
            for number, picture in enumerate(job.pictures)
            if picture.format in FORMATS and models_with_image_input(catalog)
        ],
        upscaler=upscaling_model(catalog, job) is not None,
        checkable=checkable(job),
        undecided=job.state is JobState.UNCERTAIN,
        lost=job.state in UNDECIDED,
        share=share_link(catalog, job),
    )
    return Markup(row)  # noqa: S704  # rendered with every value escaped


def checkable(job: Job) -> bool:
    """Whether checking again could bring the pictures: there is a task, or there are addresses of pictures."""
    needs_host_key = job.state is JobState.NEEDS_KEY and job.payer == "host"
    waits = needs_host_key or job.state in (JobState.OVERDUE, JobState.STOPPED, JobState.FAILED)
    return (waits and bool(job.task_id or job.pending_urls)) or job.repairable


def models_with_image_input(catalog: Catalog) -> list[Model]:
    """The models that take input images, in the catalog's order."""
    return [model for model in catalog.models if model.runnable and model.by_role(Role.IMAGES)]


def upscaling_model(catalog: Catalog, job: Job) -> Model | None:
    """The model that enlarges this job's picture by its task id: its own, if it can. Of no other is that known."""
    model = catalog.find(job.model)
    return model if model and model.runnable and model.upscale and job.task_id and job.pictures else None


def share_link(catalog: Catalog, job: Job) -> str:
    """The query that fills Generate's form with a job's settings, without uploads; "" for a model that is gone."""
    try:
        model, parameters = form_settings(catalog, find_model(catalog, job.model).id, recipe_of(job).parameters)
    except InputError:
        return ""
    return write_generate_query(model, parameters)
