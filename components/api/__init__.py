"""Call the service: create a task, poll it, read the replies.

- ``client``: ``Account`` (who pays, and where) and ``ApiClient`` with both routes.
- ``connections``: the HTTP client underneath, for hundreds of requests at once.
- ``replies``: what a reply means; ``json_text`` reads the JSON, ``documents`` finds values in it; ``refusals`` names the error.
- ``schedule``: when to poll next, and what is known about a model's run times.
- ``limiter``: how many requests may be in flight.
"""

from components.api.client import Account, ApiClient
from components.api.connections import open_client
from components.api.replies import Phase, Reply

__all__ = ["Account", "ApiClient", "Phase", "Reply", "open_client"]
