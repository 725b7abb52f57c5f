"""Battles between pictures: pool, pairing, votes, results, leaderboards."""
