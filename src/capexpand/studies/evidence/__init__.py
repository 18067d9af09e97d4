"""What a programme's value rests on: its sensitivity to each number, weighed by the number's evidence."""
