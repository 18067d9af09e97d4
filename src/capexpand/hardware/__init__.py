"""What a chip serves and trains, computed from specifications, and which export rule applies to it."""
