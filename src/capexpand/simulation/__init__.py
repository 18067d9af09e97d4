"""What plans and policies are worth on scenarios drawn from the processes, the same draws for all."""
