"""Rosters: who works which shift, so that cover, contracts and people's wishes are kept; `docs/adr/0022`."""
