"""The frontier between two objectives: how much of the one each step of the other costs."""
