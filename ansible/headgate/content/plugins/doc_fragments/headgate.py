"""The options that every module has."""


class ModuleDocFragment:
    """What ansible-doc shows of them."""

    DOCUMENTATION = r"""
options:
  server_url:
    description: Address of the server. Taken from E(FOREMAN_SERVER_URL) unless given.
    type: str
    required: true
  username:
    description: Who asks. Taken from E(FOREMAN_USER) unless given.
    type: str
    required: true
  password:
    description: The password, or a personal access token. Taken from E(FOREMAN_PASSWORD) unless given.
    type: str
    required: true
  validate_certs:
    description: Whether to verify the server's certificate. Taken from E(FOREMAN_VALIDATE_CERTS) unless given.
    type: bool
    default: true
  ca_path:
    description: File with the certificate of the server's CA. Taken from E(REQUESTS_CA_BUNDLE) unless given.
    type: path
  organization:
    description: Name of the organization.
    type: str
    required: true
"""
