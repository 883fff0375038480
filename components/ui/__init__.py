"""The Gradio page. ``page`` reads as a table of contents, and ``page_events`` has its handlers. Each tab is a folder,
in which ``tab`` builds and wires it, and ``display`` (in a small tab: ``tab``) has its components and what they
show.

``header`` has the key and who pays, ``picker`` the choice of models, ``result_actions`` what the buttons of a result do,
``endpoints`` the public API, ``theme`` the look with ``assets/``, ``gradio_internals`` every use of Gradio's private parts.
"""

from components.ui import gradio_internals as gradio_internals  # before other modules: it imports Gradio without stub files
