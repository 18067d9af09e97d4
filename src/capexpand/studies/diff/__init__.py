"""Two plans beside each other: inputs, decisions and results that changed, and the value by cause."""
