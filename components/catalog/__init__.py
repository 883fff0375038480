"""What can be run: the models of ``catalog.yaml``, their parameters and prices, and valid requests for them."""

from components.catalog.loading import load_catalog
from components.catalog.models import Catalog, Endpoint, Kind, Model, Parameter, PriceRule, Purpose, Role
from components.catalog.requests import Request, build_request, find_model, find_problems, parameters_of, rebuild_request
from components.catalog.shared_form import QUALITIES, SHAPES, SHARED, STANDARD, Mapped, map_shared

__all__ = [
    "QUALITIES",
    "SHAPES",
    "SHARED",
    "STANDARD",
    "Catalog",
    "Endpoint",
    "Kind",
    "Mapped",
    "Model",
    "Parameter",
    "PriceRule",
    "Purpose",
    "Request",
    "Role",
    "build_request",
    "find_model",
    "find_problems",
    "load_catalog",
    "map_shared",
    "parameters_of",
    "rebuild_request",
]
