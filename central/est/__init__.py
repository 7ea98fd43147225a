"""Enrolment over Secure Transport (RFC 7030): issues certificates for the gates of one site from the site's authority.

May read the authority's files, keep its register and the revocation list in one folder, and answer gates over HTTPS. It
signs only certificates of gates, revocation lists and the certificate of its own server.
"""

from typing import TYPE_CHECKING

from agent.core.lazy_face import lazy_face

if TYPE_CHECKING:
    from central.est.certificate_database import CertificateRow, Register, RegisterError, TokenRow
    from central.est.files import put_file
    from central.est.issuer import Issuer, IssuerError
    from central.est.registrar import Registrar
    from central.est.revocation_list import write_revocation_list
    from central.est.server import EstServer
    from central.est.settings import DEFAULT_PATH, EstSettings, EstSettingsError, load_est_settings
else:
    __getattr__ = lazy_face(__name__)

__all__ = [
    "DEFAULT_PATH",
    "CertificateRow",
    "EstServer",
    "EstSettings",
    "EstSettingsError",
    "Issuer",
    "IssuerError",
    "Register",
    "RegisterError",
    "Registrar",
    "TokenRow",
    "load_est_settings",
    "put_file",
    "write_revocation_list",
]
