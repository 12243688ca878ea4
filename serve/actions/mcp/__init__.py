"""The Model Context Protocol, both ways: tools of other servers lent to this assistant, and this home's tools to others.

launching.py   what a server's process runs first, so that it cannot outlive us
transports.py  the two ways to a server, bounded
connecting.py  one server, kept connected
lending.py     its tools as a Provider
serving.py     the home's tools for any MCP client
"""

import logging

for _name in ("mcp", "fastmcp", "httpx2"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # they log what was said, and addresses
