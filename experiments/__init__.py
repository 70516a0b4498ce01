"""Ablations and measurements behind the ladders. Nothing of the app imports them."""
