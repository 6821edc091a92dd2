"""The workflow engine: durable tasks of named, repeatable steps."""
