"""The built-in server that speaks the service's contract and draws its own pictures: the product's demo and the tests' upstream.

``server`` holds the service's two routes, ``answers`` the bodies they answer with, ``callbacks`` calls ``callback_url``,
``drawings`` holds the routes of the pictures, ``tasks`` how long a task takes and which faults a prompt can simulate,
``journal`` keeps tasks over a restart, ``page`` is the index page, ``art`` makes the drawings.
"""

from components.sandbox.drawings import drawings_version
from components.sandbox.server import create_sandbox

__all__ = ["create_sandbox", "drawings_version"]
