"""The theme: colours and type are Gradio's variables; the style sheets add layout only."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors
from gradio.themes.utils.fonts import LocalFont

ASSETS = Path(__file__).parent / "assets"
# One file a part of the page; base.css comes first, and what overrides Gradio's own rules last.
PARTS = ("base", "header", "generate", "compare", "models", "history", "integrate", "evaluate", "picker", "gradio")
STYLE = [ASSETS / "style" / f"{part}.css" for part in PARTS]
# Each file is a function without arguments; the page runs all of them once, first the one that the others use.
SCRIPT = (
    "() => {\n"
    + "".join(
        f"({path.read_text(encoding='utf-8').strip()})();\n"
        for path in sorted(ASSETS.glob("*.js"), key=lambda path: (path.stem != "gradio", path.name))
    )
    + "}"
)

# In the page's HTML, before Gradio's own scripts.
EARLY_SCRIPT = "".join(
    f"<script>({path.read_text(encoding='utf-8').strip()})();</script>\n" for path in sorted(ASSETS.glob("early/*.js"))
)

# Not 600: the SemiBold files that Gradio 6.31 bundles hold two letters of the alphabet, and the browser
# takes all others from whatever bold it finds.
WEIGHTS = (400, 700)

# Colors: (light, dark).
INK = ("#1c1917", "#f5f5f4")
QUIET = ("#57534e", "#a8a29e")
GROUND = ("#fafaf9", "#0f0f0e")
SURFACE = ("#ffffff", "#181716")
HOVER = ("#f5f5f4", "#211f1d")
LINE = ("#e7e5e4", "#2c2a28")
ACCENT = ("#1d4ed8", "#93b4ff")
BORDER = ("#d6d3d1", "#44403c")
COLORS = {
    "body_background_fill": GROUND,
    "body_text_color": INK,
    "body_text_color_subdued": QUIET,
    "background_fill_primary": SURFACE,
    "background_fill_secondary": HOVER,
    "border_color_primary": LINE,
    "border_color_accent": ACCENT,
    "link_text_color": ACCENT,
    "link_text_color_hover": ACCENT,
    "link_text_color_visited": ACCENT,
    "block_background_fill": SURFACE,
    "block_border_color": LINE,
    "block_title_text_color": INK,
    "block_label_text_color": QUIET,
    "block_info_text_color": QUIET,
    "input_background_fill": ("#ffffff", "#0f0f0e"),
    "input_border_color": BORDER,
    "input_border_color_focus": ACCENT,
    "input_shadow_focus": ("0 0 0 2px rgb(29 78 216 / 20%)", "0 0 0 2px rgb(147 180 255 / 25%)"),
    "input_placeholder_color": ("#78716c", "#8a847e"),
    "button_primary_background_fill": INK,
    "button_primary_background_fill_hover": ("#37322e", "#ffffff"),
    "button_primary_border_color": INK,
    "button_primary_border_color_hover": ("#37322e", "#ffffff"),
    "button_primary_text_color": ("#ffffff", "#1c1917"),
    "button_secondary_background_fill": SURFACE,
    "button_secondary_background_fill_hover": HOVER,
    "button_secondary_border_color": BORDER,
    "button_secondary_text_color": INK,
    "checkbox_background_color_selected": ("#1d4ed8", "#1d4ed8"),
    "code_background_fill": HOVER,
}
OTHERS = {
    "color_accent": ACCENT[0],
    "block_border_width": "1px",
    "block_radius": "10px",
    "block_shadow": "none",
    "block_padding": "12px 14px",
    "block_title_text_weight": "700",
    "block_title_text_size": "13px",
    "block_label_text_size": "13px",
    "block_info_text_size": "13px",
    "container_radius": "10px",
    "layout_gap": "16px",
    "form_gap_width": "0px",
    "input_border_width": "1px",
    "input_radius": "8px",
    "input_shadow": "none",
    "input_text_size": "15px",
    "button_border_width": "1px",
    "button_large_radius": "10px",
    "button_medium_radius": "8px",
    "button_small_radius": "8px",
    "button_large_text_size": "15px",
    "shadow_drop": "none",
    "shadow_drop_lg": "none",
}
# Gradio asks for these once more for dark pages.
SAME_IN_DARK = ("block_border_width", "block_shadow", "button_border_width")


def theme() -> gr.themes.Base:
    """IBM Plex as Gradio bundles it, stone grays, dark buttons, one blue; no shadows."""
    base = gr.themes.Base(
        primary_hue=colors.blue,
        secondary_hue=colors.blue,
        neutral_hue=colors.stone,
        font=(LocalFont("IBM Plex Sans", weights=WEIGHTS), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(LocalFont("IBM Plex Mono", weights=WEIGHTS), "ui-monospace", "Consolas", "monospace"),
        radius_size=gr.themes.sizes.radius_md,
        text_size=gr.themes.sizes.text_md,
    )
    light = {name: color[0] for name, color in COLORS.items()}
    dark = {f"{name}_dark": color[1] for name, color in COLORS.items()}
    return base.set(**light, **dark, **OTHERS, **{f"{name}_dark": OTHERS[name] for name in SAME_IN_DARK})
