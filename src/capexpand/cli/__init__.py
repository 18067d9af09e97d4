"""The command line: one module per command, each with a function of the same name."""
