"""The composition root: settings become stores, stores become apps; the only reader of environment and files."""
