"""Pages (plain ES modules) and the blueprint that serves them."""
