"""Tests of the application, its server and its routes."""
