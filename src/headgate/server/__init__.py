"""The composition root: settings become stores, stores become apps.

Nothing else reads the environment or settings files.
"""
