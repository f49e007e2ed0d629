"""Who is here, what they may do, and their login at a board."""
