"""What models are good for, in the words of the page."""

from __future__ import annotations

from collections.abc import Mapping

from components.catalog.models import Catalog, Model, Purpose

PURPOSES: Mapping[Purpose, str] = {
    Purpose.LETTERING: "Logo or text in the picture",
    Purpose.EDIT: "Edit a picture",
    Purpose.PHOTO: "Photo",
    Purpose.VECTOR: "Vector, icons",
    Purpose.ILLUSTRATION: "Illustration",
    Purpose.REFERENCES: "Follow references",
    Purpose.SEVERAL: "Several at once",
    Purpose.ENLARGE: "Enlarge a picture",
}
# In the order of the chips, and short enough for a card.
SHORT: Mapping[Purpose, str] = {
    Purpose.LETTERING: "logo or text",
    Purpose.PHOTO: "photo",
    Purpose.EDIT: "edit",
    Purpose.VECTOR: "vector",
    Purpose.SEVERAL: "several",
    Purpose.REFERENCES: "references",
    Purpose.ILLUSTRATION: "illustration",
    Purpose.ENLARGE: "enlarge",
}
# What each means, where the words of the filter could be taken otherwise.
EXPLAINED: Mapping[Purpose, str] = {
    Purpose.LETTERING: "Logo or text: writes the words that the prompt asks for.",
    Purpose.EDIT: "Edit a picture: changes a given picture by instruction, by what the model's page says of it.",
    Purpose.PHOTO: "Photo: its page speaks of photographs.",
    Purpose.VECTOR: "Vector: a variant returns true SVG.",
    Purpose.ILLUSTRATION: "Illustration: its page speaks of illustrations or art.",
    Purpose.REFERENCES: "Follow references: works from given pictures without changing them.",
    Purpose.SEVERAL: "Several at once: one request returns several pictures.",
    Purpose.ENLARGE: "Enlarge: makes a picture larger.",
}


def good_for_text(model: Model) -> str:
    """``logo or text, edit``: what the model's own page says it is good for; "" where it says nothing."""
    return ", ".join(SHORT[purpose] for purpose in model.good_for)


def purpose_chips(catalog: Catalog) -> list[tuple[str, str]]:
    """(label, purpose) of every purpose that some model is good for, in the order of the chips."""
    offered = {purpose for model in catalog.models if model.runnable for purpose in model.good_for}
    return [(f"{label[:1].upper()}{label[1:]}", purpose.value) for purpose, label in SHORT.items() if purpose in offered]
