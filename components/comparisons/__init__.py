"""Comparisons: several jobs created together from one shared form, one card for each result that is wanted.

``plan.py`` says what a form would send and cost, ``service.py`` starts, extends, retries and publishes comparisons,
``comparison.py`` holds the records, ``store.py`` the SQL.
"""
