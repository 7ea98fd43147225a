"""The issuer's side as a small Python API: what a trade window calls to issue permits. See docs/permits.md."""

from agent.core.crypto.keys import KeyInvalidError, SigningKey
from agent.core.model.list_rows import Declaration, DeclarationStatus
from agent.core.permit.claims import Permit, PermitForm
from agent.issuing.batch import OutputError, Pictures, issue_batch, write_declarations
from agent.issuing.desk import Issued, IssuingDesk
from agent.issuing.order import Order, OrderError, Problem, Terms
from agent.issuing.orders_file import CheckedOrder, read_orders
from agent.issuing.symbol import Level, Symbol, picture

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
