"""The command line: hammer's nouns and verbs, drawn from the action declarations."""
