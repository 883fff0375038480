"""Comparisons: several jobs created together from one shared form."""
