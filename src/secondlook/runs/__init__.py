"""Long tasks over many sources: what they write, exactly once, and how they go on after being stopped."""
