"""The same work for programs: endpoints on the API and for MCP."""
