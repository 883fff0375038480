"""The Gradio page: header, one folder a tab, events and theme."""
