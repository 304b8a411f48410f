"""What the facts of each kind of work mean: names, attributes and metric points of the semantic conventions."""
