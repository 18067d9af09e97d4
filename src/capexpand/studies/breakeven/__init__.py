"""What must be believed for a programme to pay: break-even levels, market value, and the past decade."""
