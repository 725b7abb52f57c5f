"""What people do with one another's pictures: see, like, keep, share and report them."""
