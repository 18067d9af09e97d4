"""Charts of a report: Vega-Lite specifications as plain data, each with a title that states its finding."""
