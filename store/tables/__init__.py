"""What the product knows: one noun, one file, one row type, its SQL."""
