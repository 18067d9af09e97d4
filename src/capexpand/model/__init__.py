"""The formulation: a compiled case, the equations of a quarter, and the builder of linear programs."""
