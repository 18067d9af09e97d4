"""What a plan earns and costs: statements, the programme's part in them, returns, unit costs, and checks."""
