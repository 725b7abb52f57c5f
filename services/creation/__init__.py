"""Pictures: from a wish to a painting, its storage and its life."""
