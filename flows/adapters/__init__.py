"""What touches the world: one module for each thing asked of it; they do not know each other."""
