"""The commands as functions: the same names, the same arguments, and results that can be shown and saved."""
