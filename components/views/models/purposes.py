"""What models are good for, in the words of the page, and the words by which a search finds them."""

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
# Other words for the same, which people type.
SYNONYMS: Mapping[Purpose, str] = {
    Purpose.LETTERING: "logos lettering typography typographic words headline title poster banner flyer sign label brand",
    Purpose.EDIT: "editing change modify retouch inpainting photo picture image-to-image img2img background",
    Purpose.PHOTO: "photos photograph photorealistic realistic realism camera portrait stock",
    Purpose.VECTOR: "vectors svg icons scalable print",
    Purpose.SEVERAL: "many multiple variations grid",
    Purpose.REFERENCES: "reference consistent character style images",
    Purpose.ILLUSTRATION: "illustrations drawing art artwork painting cartoon concept",
    Purpose.ENLARGE: "enlarging upscale upscaling upscaler larger bigger resolution",
}
# Part of everything that is searched, so that "a logo with text" finds what "logo text" finds.
FILLING = "a an the of for with in on to and or from that my model image"


def good_for_text(model: Model) -> str:
    """``logo or text, edit``: what the model's own page says it is good for; "" where it says nothing."""
    return ", ".join(SHORT[purpose] for purpose in model.good_for)


def purpose_chips(catalog: Catalog) -> list[tuple[str, str]]:
    """(label, purpose) of every purpose that some model is good for, in the order of the chips."""
    offered = {purpose for model in catalog.models if model.runnable for purpose in model.good_for}
    return [(f"{label[:1].upper()}{label[1:]}", purpose.value) for purpose, label in SHORT.items() if purpose in offered]


def search_text(model: Model) -> str:
    """Everything that a search for a model looks at, in lower case."""
    purposes = (f"{PURPOSES[purpose]} {SYNONYMS[purpose]}" for purpose in model.good_for)
    inputs = ("image input", "picture input") if "image" in model.inputs else ()
    names = (model.name, model.provider, model.id, *model.aliases, *model.variants)
    return " ".join((*names, *purposes, *inputs, *model.capabilities, *model.use_cases, FILLING)).lower()


def matches(model: Model, search: str = "", purpose: str = "") -> bool:
    """Whether a model is good for a purpose ("" for any) and has every word of a search. assets/picker.js does the same."""
    text = search_text(model)
    return (not purpose or purpose in model.good_for) and all(word in text for word in search.lower().split())
