"""Battles: the battle itself, a picture's place in the pool, who fights whom, what a vote weighs. Pure."""
