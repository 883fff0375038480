"""The look, set once: Gradio's own variables carry it everywhere, the style sheet adds layout only."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors
from gradio.themes.utils.fonts import LocalFont

ASSETS = Path(__file__).parent / "assets"
STYLE = ASSETS / "style.css"
# Each file is a function without arguments; the page runs all of them once, first the one that the others use.
SCRIPT = (
    "() => {\n"
    + "".join(
        f"({path.read_text().strip()})();\n"
        for path in sorted(ASSETS.glob("*.js"), key=lambda path: (path.stem != "gradio", path.name))
    )
    + "}"
)

# Not 600: the SemiBold files that Gradio 6.31 bundles hold two letters of the alphabet, and the browser
# takes all others from whatever bold it finds.
WEIGHTS = (400, 700)

INK, PAPER = "#1c1917", "#f5f5f4"
ACCENT, ACCENT_DARK = "#1d4ed8", "#93b4ff"
LINE, LINE_DARK = "#e7e5e4", "#2c2a28"
QUIET, QUIET_DARK = "#57534e", "#a8a29e"
GROUND, GROUND_DARK = "#fafaf9", "#0f0f0e"
SURFACE, SURFACE_DARK = "#ffffff", "#181716"
HOVER, HOVER_DARK = "#f5f5f4", "#211f1d"


def theme() -> gr.themes.Base:
    """IBM Plex as Gradio bundles it, stone greys, ink buttons, one blue; no shadows."""
    base = gr.themes.Base(
        primary_hue=colors.blue,
        secondary_hue=colors.blue,
        neutral_hue=colors.stone,
        font=(LocalFont("IBM Plex Sans", weights=WEIGHTS), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(LocalFont("IBM Plex Mono", weights=WEIGHTS), "ui-monospace", "Consolas", "monospace"),
        radius_size=gr.themes.sizes.radius_md,
        text_size=gr.themes.sizes.text_md,
    )
    return base.set(
        body_background_fill=GROUND,
        body_background_fill_dark=GROUND_DARK,
        body_text_color=INK,
        body_text_color_dark=PAPER,
        body_text_color_subdued=QUIET,
        body_text_color_subdued_dark=QUIET_DARK,
        background_fill_primary=SURFACE,
        background_fill_primary_dark=SURFACE_DARK,
        background_fill_secondary=HOVER,
        background_fill_secondary_dark=HOVER_DARK,
        border_color_primary=LINE,
        border_color_primary_dark=LINE_DARK,
        border_color_accent=ACCENT,
        border_color_accent_dark=ACCENT_DARK,
        color_accent=ACCENT,
        link_text_color=ACCENT,
        link_text_color_dark=ACCENT_DARK,
        link_text_color_hover=ACCENT,
        link_text_color_hover_dark=ACCENT_DARK,
        link_text_color_visited=ACCENT,
        link_text_color_visited_dark=ACCENT_DARK,
        block_background_fill=SURFACE,
        block_background_fill_dark=SURFACE_DARK,
        block_border_color=LINE,
        block_border_color_dark=LINE_DARK,
        block_border_width="1px",
        block_border_width_dark="1px",
        block_radius="10px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="12px 14px",
        block_title_text_weight="700",
        block_title_text_size="13px",
        block_title_text_color=INK,
        block_title_text_color_dark=PAPER,
        block_label_text_size="13px",
        block_label_text_color=QUIET,
        block_label_text_color_dark=QUIET_DARK,
        block_info_text_size="13px",
        block_info_text_color=QUIET,
        block_info_text_color_dark=QUIET_DARK,
        container_radius="10px",
        layout_gap="16px",
        form_gap_width="0px",
        input_background_fill=SURFACE,
        input_background_fill_dark=GROUND_DARK,
        input_border_color="#d6d3d1",
        input_border_color_dark="#44403c",
        input_border_color_focus=ACCENT,
        input_border_color_focus_dark=ACCENT_DARK,
        input_border_width="1px",
        input_radius="8px",
        input_shadow="none",
        input_shadow_focus="0 0 0 2px rgb(29 78 216 / 20%)",
        input_shadow_focus_dark="0 0 0 2px rgb(147 180 255 / 25%)",
        input_text_size="15px",
        input_placeholder_color="#78716c",
        input_placeholder_color_dark="#8a847e",
        button_border_width="1px",
        button_border_width_dark="1px",
        button_large_radius="10px",
        button_medium_radius="8px",
        button_small_radius="8px",
        button_large_text_size="15px",
        button_primary_background_fill=INK,
        button_primary_background_fill_dark=PAPER,
        button_primary_background_fill_hover="#37322e",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_border_color=INK,
        button_primary_border_color_dark=PAPER,
        button_primary_border_color_hover="#37322e",
        button_primary_border_color_hover_dark="#ffffff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark=INK,
        button_secondary_background_fill=SURFACE,
        button_secondary_background_fill_dark=SURFACE_DARK,
        button_secondary_background_fill_hover=HOVER,
        button_secondary_background_fill_hover_dark=HOVER_DARK,
        button_secondary_border_color="#d6d3d1",
        button_secondary_border_color_dark="#44403c",
        button_secondary_text_color=INK,
        button_secondary_text_color_dark=PAPER,
        checkbox_background_color_selected=ACCENT,
        checkbox_background_color_selected_dark=ACCENT,
        slider_color=ACCENT,
        slider_color_dark=ACCENT_DARK,
        table_border_color=LINE,
        table_border_color_dark=LINE_DARK,
        table_even_background_fill=SURFACE,
        table_even_background_fill_dark=SURFACE_DARK,
        table_odd_background_fill=SURFACE,
        table_odd_background_fill_dark=SURFACE_DARK,
        table_row_focus=HOVER,
        table_row_focus_dark=HOVER_DARK,
        code_background_fill=HOVER,
        code_background_fill_dark=HOVER_DARK,
        shadow_drop="none",
        shadow_drop_lg="none",
    )
