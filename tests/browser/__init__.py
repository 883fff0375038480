"""The real page in a real browser: the application in a process of its own, Chromium, nothing patched."""
