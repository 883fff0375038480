"""How a request is run: the shapes on the wire, the client, and the waiting between polls."""

from components.api.client import Account, ApiClient
from components.api.connections import open_client
from components.api.replies import Phase, Reply

__all__ = ["Account", "ApiClient", "Phase", "Reply", "open_client"]
