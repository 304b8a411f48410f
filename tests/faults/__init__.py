"""Everything that can go wrong around an agent, as programs that run under clew, under an incumbent, or under neither."""
