"""The registry: `/v2/`, as the OCI distribution specification and its clients want it."""
