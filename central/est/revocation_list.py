"""The revocation list as the brokers read it, with that of an authority that signed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from central.est.files import put_file

if TYPE_CHECKING:
    from central.est.registrar import Registrar
    from central.est.settings import EstSettings


def write_revocation_list(settings: EstSettings, registrar: Registrar) -> None:
    """Sign the list of now and write it. Raises IssuerError, RegisterError, OSError.

    A broker that checks lists refuses every certificate of an authority without one. So the last list of the authority
    before stays beside it, for as long as certificates of that one are shown.
    """
    earlier = b"" if settings.earlier_crl_file is None else settings.earlier_crl_file.read_bytes()
    put_file(settings.crl_path, registrar.revocation_list(settings.crl_days) + earlier)
