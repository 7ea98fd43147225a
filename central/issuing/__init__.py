"""The issuer's side as a small Python API: what a trade window calls to issue permits. See docs/permits.md."""

from agent.core.crypto.keys import KeyInvalidError, SigningKey
from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.permit.claims import Permit, PermitForm
from central.issuing.batch import OutputError, Pictures, issue_batch, write_declarations
from central.issuing.issuer import Issued, IssuingDesk
from central.issuing.order import Order, OrderError, Problem, Terms
from central.issuing.orders_file import CheckedOrder, read_orders
from central.issuing.qr_symbol import Level, Symbol, picture

__all__ = [
    "CheckedOrder",
    "Declaration",
    "DeclarationStatus",
    "Issued",
    "IssuingDesk",
    "KeyInvalidError",
    "Level",
    "Order",
    "OrderError",
    "OutputError",
    "Permit",
    "PermitForm",
    "Pictures",
    "Problem",
    "SigningKey",
    "Symbol",
    "Terms",
    "issue_batch",
    "picture",
    "read_orders",
    "write_declarations",
]
