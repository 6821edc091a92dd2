"""The data plane: published paths to bytes, ahead of any framework."""

from headgate.apis.content.app import ContentApp, ContentRules
from headgate.apis.content.guard import CertificateGuard, Denied, Guard
from headgate.apis.content.on_demand import OnDemand
from headgate.apis.content.vouching import Vouching

__all__ = [
    "CertificateGuard",
    "ContentApp",
    "ContentRules",
    "Denied",
    "Guard",
    "OnDemand",
    "Vouching",
]
