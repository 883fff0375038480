"""What can be run: the models of ``catalog.yaml``, their parameters and prices, and valid requests for them."""

from components.catalog.loading import load_catalog
from components.catalog.models import Catalog, Endpoint, Kind, Model, Parameter, PriceRule, Role
from components.catalog.requests import Request, build_request, find_model, find_problems, rebuild_request

__all__ = [
    "Catalog",
    "Endpoint",
    "Kind",
    "Model",
    "Parameter",
    "PriceRule",
    "Request",
    "Role",
    "build_request",
    "find_model",
    "find_problems",
    "load_catalog",
    "rebuild_request",
]
