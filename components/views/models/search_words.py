"""The words by which people look for a model: only data. ``search`` says how a search uses them."""

from __future__ import annotations

from collections.abc import Mapping

from components.catalog.models import Purpose

# Words for what a model is good for. They match only models of that purpose, even if another model's page has the word.
PURPOSE_WORDS: Mapping[Purpose, str] = {
    Purpose.LETTERING: (
        "logo logos text texts lettering letters typography typographic words writing headline title slogan caption quote "
        "poster posters banner banners flyer sign signs label labels brand branding packaging menu ticket invitation card "
        "cover infographic infographics diagram ad ads advert thumbnail meme"
    ),
    Purpose.EDIT: (
        "edit edits editing editor change changes modify retouch retouching inpaint inpainting remove removes removal erase "
        "replace swap background photo photos picture pictures image-to-image img2img"
    ),
    Purpose.PHOTO: (
        "photo photos photograph photographs photography photorealistic photorealism realistic realism camera portrait "
        "portraits headshot product products food stock"
    ),
    Purpose.VECTOR: (
        "vector vectors svg icon icons favicon pictogram sticker stickers scalable print line-art interface ui"
    ),
    Purpose.SEVERAL: "several many multiple variations variants grid contact-sheet",
    Purpose.REFERENCES: (
        "reference references follow consistent consistency character characters style styles image-to-image img2img"
    ),
    Purpose.ILLUSTRATION: (
        "illustration illustrations illustrate drawing drawings art artwork painting paintings cartoon comic anime manga "
        "concept watercolor watercolour sketch sticker stickers mascot avatar"
    ),
    Purpose.ENLARGE: "enlarge enlarges enlarging upscale upscales upscaling upscaler larger bigger enhance",
}

# Words that order what is found by a column of the price list, from low to high.
ORDER_WORDS: Mapping[str, str] = {
    "Price": "cheap cheaper cheapest price prices cost costs inexpensive affordable low-cost budget",
    "Seconds": "fast faster fastest quick quicker quickest quickly speed speedy",
}
ORDER_MESSAGES: Mapping[str, str] = {"Price": "Cheapest first.", "Seconds": "Fastest first."}

# Words that say nothing of a model: "a logo with text" finds what "logo text" finds.
STOP_WORDS = "a an the of for with in on to and or from that my me i want need make makes model models image images best better good top"

# Messages for words that match no model, or that no list can answer.
MESSAGES: Mapping[str, str] = {
    "best better top": "Which is best depends on the prompt: Compare shows several models, Evaluate lets people vote.",
    "transparent transparency alpha cutout": "No model's page offers a transparent background.",
    "4k 8k uhd": "No model's page names 4K. “Largest side” under “All columns” says what each names.",
    "video videos animation animations animated gif movie": "The models here make still pictures.",
    "3d mesh": "No model's page offers 3D models; a look of 3D is a matter of the prompt.",
    "audio music voice sound": "The models here make pictures.",
    "free gratis": "No model is free; without a key, the sandbox's drawings are.",
    "lora finetune fine-tune fine-tuning finetuning train training": "No model's page offers training on own pictures; “Follow references” is the nearest.",
    "pose depth controlnet canny": "No model's page offers control by pose or depth; “Follow references” is the nearest.",
    "pdf eps psd tiff avif bmp": "No model's page names this file format.",
}  # fmt: skip
