"""The stand-in: the same two routes as the service, tasks that take believable time, pictures drawn here."""

from components.sandbox.server import create_sandbox

__all__ = ["create_sandbox"]
