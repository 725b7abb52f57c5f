"""Credits for ads that were watched, on the word of the network that showed them."""
