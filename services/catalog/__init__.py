"""The catalog: categories, styles, and how much each style is used."""
