"""Where split work runs: in processes of this machine, or on a Ray cluster; the result is the same."""
