"""A database looked at once, and the configuration that it suggests."""

from carddata_retention.proposal.story import Proposal, propose, save

__all__ = ["Proposal", "propose", "save"]
