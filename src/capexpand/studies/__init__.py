"""Studies of plans: break-even values, programmes side by side, backtests."""
