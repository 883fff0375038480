"""Setting the form to the mode that uses input images once some are given, and taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from components.catalog.models import Model
from components.catalog.parameters import Role
from components.catalog.shared_form import image_mode
from components.ui.events import Updates
from components.ui.html import html
from components.views.templates import render

SEND_UNDO = "element.addEventListener('click', (event) => event.target.closest('[data-undo]') && trigger('input'))"


@dataclass(frozen=True)
class Switch:
    """Whether the form had images at the last event; the settings that were changed for them, before and after."""

    images: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageSwitch:
    """The note with its button, and the :class:`Switch` of this page."""

    state: gr.State
    note: gr.HTML

    @property
    def parts(self) -> set[Any]:
        """What :meth:`show` updates."""
        return {self.state, self.note}

    def show(self, switch: Switch, model: Model) -> Updates:
        """The note on what was changed."""
        changes = [
            (model.parameters[name].title or name, model.parameters[name].title_of(value))
            for name, value in switch.after.items()
        ]
        return {self.state: switch, self.note: render("image_switch", changes=changes)}


def build_image_switch() -> ImageSwitch:
    """Build the note inside the current column."""
    return ImageSwitch(gr.State(Switch()), html(elem_id="image-switch", on_load=SEND_UNDO))


def with_mode(model: Model, parameters: Mapping[str, Any], known: Switch | None = None) -> tuple[dict[str, Any], Switch]:
    """The parameters for the images in them, and what was changed; ``known`` is how the form was before.

    Only the first image changes anything: whoever chooses another mode beside images wants that one. Without images
    the settings from before come back.
    """
    known = known or Switch()
    images = bool(parameters.get(model.by_role(Role.IMAGES) or ""))
    if images and not known.images:
        after = image_mode(model, parameters)
        before = {name: parameters.get(name, model.parameters[name].default) for name in after}
        return {**parameters, **after}, Switch(images, before, after)
    unchanged = all(parameters.get(name, model.parameters[name].default) == value for name, value in known.after.items())
    if known.before and not images and unchanged:
        return {**parameters, **known.before}, Switch(images)
    return dict(parameters), known if unchanged and images else Switch(images)
