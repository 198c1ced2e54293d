"""Where rows come from that are not held: one kind of source a file."""
