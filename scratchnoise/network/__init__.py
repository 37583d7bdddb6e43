"""Networks of layers, and how they are trained."""

from .network import Network, annex, make_network, mlp

__all__ = ["Network", "annex", "make_network", "mlp"]
