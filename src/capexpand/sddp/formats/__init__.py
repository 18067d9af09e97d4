"""Readers of multistage programs: ``sddp-case/1``, the compact form, StochOptFormat and MathOptFormat."""
