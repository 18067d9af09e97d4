"""What was planned and forecast on a day, held against what was reported after it."""
