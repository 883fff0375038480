"""Plain values -> words and escaped HTML. No Gradio, no HTTP."""
