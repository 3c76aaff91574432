"""What to run: the schema, the loader and the scenario files."""
