"""What to look at: the stage, the player, recording."""
