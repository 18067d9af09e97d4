"""The evidence behind a programme's value: sensitivity to each number, weighted by the number's evidence."""
