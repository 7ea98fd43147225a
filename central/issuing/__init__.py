"""The Python API for permit issuers, such as a trade window. See docs/permits.md.

May read and write the files that the caller names. Opens no connection and reads no clock: the caller passes keys and
times.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from agent.core.crypto import KeyInvalidError, SigningKey
    from agent.core.model import Declaration, DeclarationStatus
    from agent.core.permit import Permit, PermitForm
    from central.issuing.batch import OutputError, issue_batch
    from central.issuing.declarations_csv import COLUMNS_WITHOUT_TRACE, declaration_row, write_declarations
    from central.issuing.issuer import Issued, PermitIssuer
    from central.issuing.order import OrderError, OrderProblem, PermitOrder, Terms
    from central.issuing.orders_file import CheckedOrder, moment_of, read_orders
    from central.issuing.permit_pictures import Pictures, symbols
    from central.issuing.qr_symbol import Level, Symbol, picture
    from central.issuing.sheet import FONT_FILE, GRIDS, Layout, SheetError, write_sheet
    from central.issuing.trust_list_changes import KeyListError, renewed, with_key, with_status
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "COLUMNS_WITHOUT_TRACE",
    "FONT_FILE",
    "GRIDS",
    "CheckedOrder",
    "Declaration",
    "DeclarationStatus",
    "Issued",
    "KeyInvalidError",
    "KeyListError",
    "Layout",
    "Level",
    "OrderError",
    "OrderProblem",
    "OutputError",
    "Permit",
    "PermitForm",
    "PermitIssuer",
    "PermitOrder",
    "Pictures",
    "SheetError",
    "SigningKey",
    "Symbol",
    "Terms",
    "declaration_row",
    "issue_batch",
    "moment_of",
    "picture",
    "read_orders",
    "renewed",
    "symbols",
    "with_key",
    "with_status",
    "write_declarations",
    "write_sheet",
]
