"""The published language of MagicPic: what services say to one another. It imports nothing of ours."""
