"""A study: cases × variants × dates × attitudes to risk, planned from one manifest, ranked in one table."""
