"""How a file of an older program comes to the shape of `tables`: one file a step in `versions/`, never edited later."""
