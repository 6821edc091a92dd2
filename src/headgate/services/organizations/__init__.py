"""Organizations and what they own besides content: paths, credentials, keys, proxies, quotas."""
