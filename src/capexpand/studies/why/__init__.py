"""Why a plan is as it is: what limits a decision, what one more is worth, what forcing it costs."""
