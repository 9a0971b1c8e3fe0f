"""A database looked at once, and the configuration that it suggests."""

from carddata_retention.proposal.story import Proposal, new_file, propose

__all__ = ["Proposal", "new_file", "propose"]
