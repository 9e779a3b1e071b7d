"""Modules that models of other servers import, as far as those servers document them."""
