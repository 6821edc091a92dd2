"""`headgate csv`: things written to files that spreadsheets read, and made from such files."""
