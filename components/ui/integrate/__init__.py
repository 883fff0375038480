"""The Integrate tab."""
