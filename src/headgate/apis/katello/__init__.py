"""The Katello and Foreman API: one module per resource, named as in the URL."""
