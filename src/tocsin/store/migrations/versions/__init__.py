"""The steps, oldest first. Their ids stand in `tables.REVISIONS`."""
