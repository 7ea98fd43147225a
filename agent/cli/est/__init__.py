"""The commands `gate-agent est`: run the EST server of a site, for operators of central."""

import typer

from agent.cli.est.revocation import crl, revoke
from agent.cli.est.serve import serve
from agent.cli.est.show import show
from agent.cli.est.token import code, token

app = typer.Typer(
    no_args_is_help=True, help="Give gates their certificates: one-time tokens, the EST server, revocation."
)
app.command()(token)
app.command()(code)
app.command()(serve)
app.command()(show)
app.command()(revoke)
app.command()(crl)
