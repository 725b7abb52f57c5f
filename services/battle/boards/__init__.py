"""Leaderboards: who has won how many battles in a week, in a month and ever, with ranks that stay cheap."""
