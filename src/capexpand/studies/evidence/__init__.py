"""The evidence behind a programme's value: its sensitivity to each number, weighted by the number's evidence."""
